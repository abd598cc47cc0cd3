"""Asking before something that cannot be taken back, and the teacher's orders, as tags.

A button with ``data-ask`` opens the dialog of that name; the scripts pass an order on to the server
at once, or after yes where there is a dialog to ask first.
"""

from htmltools import Tag, tags

from alignsim.app.texts import t


def dialog(name: str, text: str, yes: str, button: str | None = None) -> Tag:
    """A question over the page, headed by the button that asks it.

    ``button`` is the id of yes, where Shiny listens to it.
    """
    return tags.dialog(
        tags.form(
            tags.p(tags.strong(data_what=""), id=f"ask-{name}-what"),
            tags.p(text, id=f"ask-{name}-text"),
            tags.div(
                tags.button(t("frame.no"), value="no"),
                tags.button(
                    yes, id=button, value="yes", class_="main action-button" if button else "main"
                ),
                class_="row",
            ),
            method="dialog",
            # Shiny stops whatever a form without this sends, and the dialog would not close.
            action="",
        ),
        id=f"ask-{name}",
        aria_labelledby=f"ask-{name}-what ask-{name}-text",
    )


def asks(name: str, label: str) -> Tag:
    """A button that opens the dialog of a name."""
    return tags.button(label, type="button", data_ask=f"ask-{name}")


def order(text: str, label: str, spoken: str, place: str, ask: str = "") -> Tag:
    """A button that sends an order, and asks first with the dialog ``ask``.

    ``spoken`` is its name where its place tells which it is; ``place`` is the id of that place,
    where the focus stays when the button is drawn anew.
    """
    return tags.button(
        label,
        type="button",
        id=f"order-{place}",
        aria_label=spoken,
        data_order=text,
        data_ask=f"ask-{ask}" if ask else None,
    )
