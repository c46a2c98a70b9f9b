"""Hostile texts in all that a reply may hold: none runs, none becomes an element."""

from __future__ import annotations

import pytest

from pipeline.types import Outcome
from tests.e2e.conftest import OpenPage, Served
from tests.e2e.scripted import Piece, ask, reply

pytestmark = pytest.mark.process

HOSTILE = (
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "<svg onload=alert(1)>",
    "<svg><script href=data:text/javascript,alert(1) />",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<a href=javascript:alert(1)>x</a>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<style>@import 'https://evil.example/x.css'</style>",
    "<meta http-equiv=refresh content=0;url=javascript:alert(1)>",
    "<base href=https://evil.example/>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:msgbox(1))",
    "[x](blob:https://evil.example/1)",
    '[x](https://ok.example/" onmouseover="alert(1))',
    "![x](https://evil.example/x.png)",
    '![x" onerror="alert(1)](x)',
    "<javascript:alert(1)>",
    '<https://ok.example/"onclick=alert(1)//>',
    'https://ok.example/"onmouseover="alert(1)',
    "`<img src=x onerror=alert(1)>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '``` "><script>alert(1)</script>\nx\n```',
    "| <img src=x onerror=alert(1)> | b |\n|---|---|\n| [x](javascript:alert(1)) | 2 |",
    "# <script>alert(1)</script>",
    "- <img src=x onerror=alert(1)>\n  > <svg onload=alert(1)>",
    "&lt;img src=x onerror=alert(1)&gt;",
    "\\<script>alert(1)\\</script>",
    "**<b onclick=alert(1)>x</b>**",
    "\ufdd07\ufdd1 \ufdd0constructor\ufdd1 [__proto__] [1]",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
    "'\"><script>alert(1)</script>",
    "\u202e<script>alert(1)</script>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<img src=x onerror=alert`1`>",
    "<img/src/onerror=alert(1)>",
    '<img src="x` `<script>alert(1)</script>"` `>',
    "<image href=x onerror=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src onerror=alert(1)>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<button formaction=javascript:alert(1) form=f>x</button>",
    "<isindex type=image src=1 onerror=alert(1)>",
    "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
    "<svg><a xlink:href=javascript:alert(1)><text y=9>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><use href=data:image/svg+xml,<svg/onload=alert(1)>#x>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<select autofocus onfocus=alert(1)></select>",
    "<textarea autofocus onfocus=alert(1)></textarea>",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "--></script><script>alert(1)</script>",
    "<template shadowrootmode=open><script>alert(1)</script></template>",
    "<candor-chat onclick=alert(1)></candor-chat>",
    "<x contenteditable onblur=alert(1)>x</x>",
    "<x style=animation-name:rise onanimationstart=alert(1)>x</x>",
    "<x popover id=p onbeforetoggle=alert(1)>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<link rel=modulepreload href=https://evil.example/x.js>",
    "<script type=module src=https://evil.example/x.js></script>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "[x]( javascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](javascript\n:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](//evil.example/x)",
    "[x](/\\evil.example)",
    "[x](file:///etc/passwd)",
    "[x](feed:javascript:alert(1))",
    "[x](view-source:javascript:alert(1))",
    "[x](https://ok.example/?q=<script>alert(1)</script>)",
    "[x](https://javascript:alert(1)@ok.example)",
    "[<img src=x onerror=alert(1)>](https://ok.example)",
    "[x](mailto:a@ok.example?body=<script>alert(1)</script>)",
    "[x](tel:<script>alert(1)</script>)",
    "[a]: javascript:alert(1)\n\n[a]",
    "![x](javascript:alert(1))",
    "<data:text/html,<script>alert(1)</script>>",
    "www.ok.example/<script>alert(1)</script>",
    "a@ok.example<script>alert(1)</script>",
    "+49 30 123456<script>alert(1)</script>",
    "```html\n<script>alert(1)</script>\n```",
    "~~~\n<img src=x onerror=alert(1)>",
    "1. <img src=x onerror=alert(1)>\n2. [x](javascript:alert(1))",
    "> <script>alert(1)</script>",
    "| a |\n|---|\n| `<script>alert(1)</script>` |",
    "~~<s onclick=alert(1)>~~",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&#x3c;img src=x onerror=alert(1)&#x3e;",
)
_KNOWN = (
    "a article blockquote br button code del div em h2 h3 h4 h5 h6 hr li ol p pre span strong sup"
    " table tbody td th thead tr ul svg path"
)
_ODD = f"""() => [...document.querySelector("candor-chat").shadowRoot
  .querySelectorAll(".log *")].filter((each) =>
  !"{_KNOWN}".split(" ").includes(each.localName)
  || each.getAttributeNames().some((name) => /^on|^style$|^src/.test(name))
  || (each.href && !/^(https?:|mailto:|tel:)/.test(each.href)))
  .map((each) => each.outerHTML)"""


def test_hostile_texts_stay_texts(open_page: OpenPage, served: Served) -> None:
    served.chat.pause_s = 0
    cited = [Piece(text, f"e{at}", True, text, f"javascript:{text}") for at, text in enumerate(HOSTILE)]
    page = open_page(
        {
            HOSTILE[1]: reply(*cited),
            "offer": reply(
                Piece("Which?\n\n" + "\n".join(f"- {text}" for text in HOSTILE)),
                outcome=Outcome.CLARIFY,
                suggestions=HOSTILE,
            ),
        }
    )
    item = ask(page, HOSTILE[1])
    assert page.locator("article.user").inner_text() == HOSTILE[1]
    titles = item.locator(".sources .name").all_text_contents()
    assert titles == list(HOSTILE)
    assert ask(page, "offer").locator(".choices button").all_text_contents() == list(HOSTILE)
    assert page.evaluate(_ODD) == []
    item.evaluate("""item => {
      for (const each of item.querySelectorAll("*"))
        for (const name of ["mouseover", "focus", "error", "load", "animationstart", "toggle"])
          each.dispatchEvent(new Event(name));
    }""")
    for text in ("<svg onload=alert(1)>", "<https://ok.example", "<body onload=alert(1)>"):
        assert text in item.inner_text()


def test_each_hostile_text_alone_keeps_its_words(open_page: OpenPage, served: Served) -> None:
    served.chat.pause_s = 0
    page = open_page({f"q{at}": reply(Piece(text, "e", True)) for at, text in enumerate(HOSTILE)})
    for at, text in enumerate(HOSTILE):
        shown = ask(page, f"q{at}").inner_text()
        info = text.startswith("``` ")  # of code: names its language, is never shown
        assert "alert(1)" in shown or "alert(1)" not in text or info or "](https" in text, text
    assert page.title() == "Candor"


def test_what_is_nested_without_end_is_shown_all_the_same(open_page: OpenPage) -> None:
    page = open_page({"q": reply(Piece("> " * 2000 + "deep\n\n" + "- " * 1900 + "down", "e"))})
    text = ask(page, "q").locator(".text").inner_text()
    assert "deep" in text
    assert "down" in text
