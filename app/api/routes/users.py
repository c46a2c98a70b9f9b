"""What is remembered of a user: for who knows the user's id, which is as good as a key."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from app.api.callers import Using, within_rate
from app.api.errors import Problem
from app.api.openapi import problems
from app.api.schemas.memory import MemoryBody, MemoryItemBody
from app.store.memory.store import ItemNotFound

router = APIRouter(
    prefix="/users", responses=problems(403, 422, 429), dependencies=[Depends(within_rate)], tags=["memory"]
)
_NO_ITEM = Problem(404, "not-found", "There is no such item.")


@router.get("/{user_id}/memory")
def read_memory(user_id: str, services: Using) -> MemoryBody:
    store = services.memory.store
    return MemoryBody(
        items=[MemoryItemBody.of(item) for item in store.recall(services.memory.user(user_id).key)]
    )


@router.delete("/{user_id}/memory/{item_id}", status_code=204, responses=problems(404))
def forget_item(user_id: str, item_id: str, services: Using) -> None:
    try:
        services.memory.store.delete(services.memory.user(user_id).key, item_id)
    except ItemNotFound:
        raise _NO_ITEM from None


@router.delete("/{user_id}", status_code=204)
def forget_user(user_id: str, services: Using) -> None:
    """Deletes all that is kept of a user: memory, conversations, traces and feedback."""
    services.memory.store.forget(services.memory.user(user_id).key)
