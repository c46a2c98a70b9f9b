"""The scripted fine-tuning server is what the real client takes for one."""

from __future__ import annotations

import pytest
from openai import AsyncOpenAI, BadRequestError, NotFoundError, RateLimitError

from tests.openai_finetuning import FAILS, serving_fine_tuning
from tests.openai_server import rate_limited


async def test_the_real_client_uploads_trains_and_follows() -> None:
    with serving_fine_tuning(key="k") as server:
        async with AsyncOpenAI(api_key="k", base_url=server.url, max_retries=0) as client:
            line = b'{"messages": [{"role": "user", "content": "hi"}]}\n'
            file = await client.files.create(file=("train.jsonl", line), purpose="fine-tune")
            assert server.files[file.id].samples[0]["messages"][0]["content"] == "hi"
            assert (file.filename, file.purpose, file.bytes) == ("train.jsonl", "fine-tune", len(line))
            jobs = client.fine_tuning.jobs
            job = await jobs.create(model="gpt-4.1-mini", training_file=file.id, suffix="voice")
            statuses = [job.status]
            while job.finished_at is None:
                job = await jobs.retrieve(job.id)
                statuses.append(job.status)
            assert statuses == ["validating_files", "queued", "running", "running", "succeeded"]
            assert job.fine_tuned_model and "voice" in job.fine_tuned_model
            events = [event.message async for event in jobs.list_events(job.id, limit=2)]
            assert len(events) == 5 and events[0] == "Job is succeeded", "newest first, over three pages"
            with pytest.raises(BadRequestError):
                await jobs.cancel(job.id)


async def test_what_goes_wrong_goes_wrong_as_it_does_at_openai() -> None:
    with serving_fine_tuning(FAILS) as server:
        async with AsyncOpenAI(api_key="k", base_url=server.url, max_retries=0) as client:
            with pytest.raises(BadRequestError):
                await client.fine_tuning.jobs.create(model="m", training_file="file-9")
            with pytest.raises(NotFoundError):
                await client.fine_tuning.jobs.retrieve("ftjob-9")
            server.faults.append(rate_limited(after_s=1))
            with pytest.raises(RateLimitError):
                await client.files.list()
            file = await client.files.create(file=("a.jsonl", b"{}"), purpose="fine-tune")
            job = await client.fine_tuning.jobs.create(model="m", training_file=file.id)
            failed = await client.fine_tuning.jobs.retrieve(job.id)
            assert failed.status == "failed" and failed.error and failed.error.message
