"""Bare calls: `python -m tests.benchmarks.calls URL COUNT` creates orders over requests sessions, one in each thread."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.benchmarks.leads import FIRST
from tests.benchmarks.programs import CREATE, WIDTH


def main(url: str, count: int) -> None:
    """Create the orders that the daemon would make of as many leads."""
    with ThreadPoolExecutor(WIDTH) as pool:
        for done in [pool.submit(_create, url, range(first, count, WIDTH)) for first in range(WIDTH)]:
            done.result()


def _create(url: str, numbers: range) -> None:
    with requests.Session() as session:
        session.trust_env = False  # looking for proxies anew for each call would slow them down
        session.headers["X-API-KEY"] = "sandbox"
        for number in numbers:
            answer = session.post(f"{url}{CREATE}", data={"site": "main", "order": _order(FIRST + number)}, timeout=30)
            if answer.status_code != 201 or not answer.json()["id"]:
                raise AssertionError(answer.text)


def _order(lead: int) -> str:
    order = {
        "externalId": f"utmstat-{lead}",
        "firstName": "Иван Иванов",
        "phone": "79991234567",
        "email": "ivanov@example.com",
        "source": {"source": "yandex"},
        "managerComment": f"Заявка {lead}",
    }
    return json.dumps(order, ensure_ascii=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
