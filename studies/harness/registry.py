"""The registers: lectures, the claims they make, and the errata found in them."""

import tomllib
from dataclasses import dataclass
from functools import cache

from studies.harness import study
from studies.harness.suggest import suggestion


@dataclass(frozen=True)
class Registry:
    """`lectures`, `claims`, `errata`: id -> the table of the TOML file, in its order."""

    lectures: dict
    claims: dict
    errata: dict

    def claim(self, id) -> dict:
        """One claim's entry; KeyError with a suggestion."""
        if id not in self.claims:
            raise KeyError(f"no claim is called {id!r} in claims.toml{suggestion(id, self.claims)}")
        return self.claims[id]

    def sources(self, claim_id) -> list[dict]:
        """[{deck, slide, short}] of a claim."""
        return [
            {
                "deck": str(ref["deck"]),
                "slide": str(ref.get("slide", "")),
                "short": str(self.lectures.get(str(ref["deck"]), {}).get("short", ref["deck"])),
            }
            for ref in self.claim(claim_id).get("lectures", [])
        ]

    def problems(self) -> list[str]:
        """Decks and errata that are named but not registered."""
        out = []
        for id, claim in self.claims.items():
            out += [
                f"{id}: unknown deck {ref['deck']!r}" for ref in claim["lectures"] if ref["deck"] not in self.lectures
            ]
            out += [f"{id}: unknown erratum {e!r}" for e in claim.get("errata", []) if e not in self.errata]
        return out


def _table(name, key):
    path = study.root() / f"{name}.toml"
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        entries = tomllib.load(file).get(key, [])
    out = {}
    for entry in entries:
        if entry["id"] in out:
            raise ValueError(f"{name}.toml: {entry['id']!r} is registered twice")
        out[entry["id"]] = entry
    return out


@cache
def registry() -> Registry:
    """The three registers, read once."""
    return Registry(_table("lectures", "lecture"), _table("claims", "claim"), _table("errata", "erratum"))
