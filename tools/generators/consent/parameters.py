"""PARAMETERS: JSON whose shape depends on the type of the event and on the SDK, indented as the platform does."""

import json
from functools import cache
from typing import Any

from tools.generators.consent.catalogue import (
    ACTION,
    ASKED,
    EMPTY,
    FULL,
    GIVEN,
    LEGITIMATE_INTEREST,
    MOBILE,
    OUT,
    Company,
)
from tools.generators.consent.population import PURPOSE_CHANGED, SHOWN_PURPOSES, UNTOLD

_CREATED, _UPDATED = "@created@", "@updated@"
_ACTIONS = ("click", None, "external")
_FEATURES = (["get-user-status"], ["is-consent-required", "get-user-status"])


class Templates:
    """The texts of one company: each shape is written once."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self._given = cache(self._given_pieces)
        self._other = cache(self._other_text)

    def text(self, kind: int, sdk: int, told: int, previous: int, variant: int, half: int, times: tuple) -> str | None:
        """PARAMETERS of one event, None where it has none. `half` (0 or 1) is which of two partial choices it is where
        the choice is partial, `times` are the created and updated of a given as text."""
        if kind != GIVEN:
            return self._other(kind, variant)
        pieces = self._given(sdk, told, previous if sdk == MOBILE else EMPTY, variant, half)
        return pieces[0] if len(pieces) == 1 else f"{pieces[0]}{times[0]}{pieces[1]}{times[1]}{pieces[2]}"

    def _given_pieces(self, sdk: int, told: int, previous: int, variant: int, half: int) -> list[str]:
        action = {} if variant == UNTOLD else {"action": _ACTIONS[variant]}
        if sdk == MOBILE:
            before = {f"previous_{name}": value for name, value in self._choice(previous, 0).items()}
            return [_text(action | before | self._choice(told, half))]
        told_times = {"created": _CREATED, "from_euconsent": False, "updated": _UPDATED}
        text = _text(action | told_times | self._choice(told, half))
        first, rest = text.split(_CREATED)
        return [first, *rest.split(_UPDATED)]

    def _choice(self, status: int, half: int) -> dict[str, dict[str, list]]:
        """What is enabled and disabled. One of the partial choices leaves out purposes and their vendors, the other
        vendors and legitimate interest only."""
        lists = self._lists()
        if status == EMPTY:
            return {name: {"disabled": [], "enabled": []} for name in lists}
        if status in (OUT, FULL):
            return {name: _switched(words, 0 if status == OUT else len(words)) for name, words in lists.items()}
        partly = ("purposes", "vendors") if half == 0 else ("purposes_li", "vendors")
        return {
            name: _switched(words, (len(words) + 1) // 2 if name in partly else len(words))
            for name, words in lists.items()
        }

    def _lists(self) -> dict[str, tuple]:
        purposes, vendors = self.company.purposes, self.company.vendors
        interests = tuple(purpose for purpose in LEGITIMATE_INTEREST if purpose in purposes)
        return {"purposes": purposes, "purposes_li": interests, "vendors": vendors, "vendors_li": vendors[1::2]}

    def _other_text(self, kind: int, variant: int) -> str | None:
        if kind == ASKED:
            return _text({"position": self.company.position} | self._lists())
        if kind == ACTION:
            return _text(self._action(variant))
        return _text({"features": _FEATURES[variant - 1]}) if variant else None

    def _action(self, variant: int) -> dict[str, Any]:
        if variant == PURPOSE_CHANGED:
            return {"action": "preferences.purposechanged", "category": True, "categoryId": self.company.category}
        return {"action": f"preferences.shown{'purposes' if variant == SHOWN_PURPOSES else 'vendors'}"}


def _switched(words: tuple, enabled: int) -> dict[str, list]:
    return {"disabled": list(words[enabled:]), "enabled": list(words[:enabled])}


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, sort_keys=True)
