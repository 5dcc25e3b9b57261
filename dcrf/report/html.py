"""Elements of a page. Content is escaped, and only `Markup` is used as it is."""

import re
from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup, escape

from dcrf.safety.terminal_text import plain

Content = str | Markup

_ADDRESS = re.compile(r"(https?://[^\s,;]*[\w/])")


def joined(parts: Iterable[Content]) -> Markup:
    """Return parts one after the other."""
    return Markup("").join(parts)


def shown(text: object) -> Markup:
    """Return text escaped for a page, without control characters."""
    return text if isinstance(text, Markup) else escape(plain(str(text)))


def linked(text: str) -> Markup:
    """Return text whose addresses are links."""
    parts = _ADDRESS.split(text)  # every other part is an address
    return joined(
        Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(shown(part))
        if place % 2
        else shown(part)
        for place, part in enumerate(parts)
    )


def section(title: str, *parts: Content) -> Markup:
    """Return a section with a heading; nothing without content."""
    content = joined(parts)
    if not content:
        return Markup("")
    return Markup("<section><h2>{}</h2>{}</section>").format(shown(title), content)


def heading(text: str) -> Markup:
    """Return a heading within a section."""
    return Markup("<h3>{}</h3>").format(shown(text))


def paragraph(text: Content, kind: str = "") -> Markup:
    """Return a paragraph of a class of the style sheet."""
    return Markup('<p class="{}">{}</p>').format(kind, shown(text))


def items(texts: Iterable[Content], kind: str = "") -> Markup:
    """Return a list; nothing without items."""
    lines = joined(Markup("<li>{}</li>").format(shown(text)) for text in texts)
    return Markup('<ul class="{}">{}</ul>').format(kind, lines) if lines else Markup("")


def facts(values: Mapping[str, Content]) -> Markup:
    """Return names with their values."""
    rows = joined(
        Markup("<dt>{}</dt><dd>{}</dd>").format(shown(name), shown(value))
        for name, value in values.items()
    )
    return Markup("<dl>{}</dl>").format(rows)


def table(
    header: Sequence[Content], rows: Iterable[Sequence[Content]], n_texts: int = 1, kind: str = ""
) -> Markup:
    """Return a table that scrolls on narrow screens.

    Args:
        header: a heading for each column.
        rows: cells of each row.
        n_texts: columns of texts, which come first; the others are numbers.
        kind: a class of the style sheet.
    """
    lines = joined(_row(row, "td", n_texts) for row in rows)
    return Markup(
        '<div class="scroll"><table class="{}"><thead>{}</thead><tbody>{}</tbody></table></div>'
    ).format(kind, _row(header, "th", n_texts), lines)


def details(title: str, content: Content, kind: str = "") -> Markup:
    """Return content that a click unfolds."""
    return Markup('<details class="{}"><summary>{}</summary>{}</details>').format(
        kind, shown(title), content
    )


def preformatted(text: str) -> Markup:
    """Return text with its lines and spaces."""
    return Markup("<pre>{}</pre>").format(shown(text))


def figure(drawing: Markup, caption: str = "") -> Markup:
    """Return a drawing with a caption."""
    below = Markup("<figcaption>{}</figcaption>").format(shown(caption)) if caption else ""
    return Markup("<figure>{}{}</figure>").format(drawing, below)


def grid(figures: Iterable[Markup], kind: str = "grid") -> Markup:
    """Return figures side by side, as many as fit; nothing without figures."""
    content = joined(figures)
    return Markup('<div class="{}">{}</div>').format(kind, content) if content else Markup("")


def choice(title: str, name: str, options: Mapping[str, str]) -> Markup:
    """Return radio buttons, the first one checked.

    Args:
        title: before them.
        name: of the group, once on a page.
        options: text -> class of the button, to which rules of the style sheet refer.
    """
    first = next(iter(options))
    buttons = joined(
        Markup('<label><input type="radio" name="{}" class="{}"{}>{}</label>').format(
            name, kind, Markup(" checked") if text == first else "", shown(text)
        )
        for text, kind in options.items()
    )
    return Markup('<p class="choice">{} {}</p>').format(shown(title), buttons)


def steps(name: str, contents: Sequence[tuple[str, Markup]]) -> Markup:
    """Return radio buttons on a line, of which each shows its content; the last one is checked.

    Arrow keys step from one to the next.

    Args:
        name: of the group, once on a page.
        contents: text and content of each button, at least one.
    """
    last = len(contents) - 1
    parts = joined(
        Markup('<label><input type="radio" name="{}"{}><span>{}</span></label>{}').format(
            name, Markup(" checked") if place == last else "", shown(text), content
        )
        for place, (text, content) in enumerate(contents)
    )
    return Markup('<div class="steps">{}</div>').format(parts)


def _row(cells: Sequence[Content], element: str, n_texts: int) -> Markup:
    aligned = Markup(' class="number"')
    return Markup("<tr>{}</tr>").format(
        joined(
            Markup("<{0}{1}>{2}</{0}>").format(
                Markup(element), aligned if place >= n_texts else "", shown(cell)
            )
            for place, cell in enumerate(cells)
        )
    )
