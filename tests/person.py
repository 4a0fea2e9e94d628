"""A person at a real server, without a browser: signs in by the link, posts the pages' own forms."""

import re

import httpx2

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
DIGEST = re.compile(r'name="digest" value="([0-9a-f]{64})"')


class Person:
    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx2.Client(
            base_url=url, headers={"Accept": "text/html"}, follow_redirects=True, timeout=10, trust_env=False
        )

    def sign_in(self, link: str) -> "Person":
        self.post(link.removeprefix(self.url), page=link.removeprefix(self.url))
        return self

    def get(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer.text

    def post(self, path: str, page: str = "/settings/", expect: int = 200, **fields: str) -> httpx2.Response:
        token = TOKEN.search(self.get(page))
        assert token, f"{page} holds no form"
        headers = {"Referer": self.url + page}
        answer = self.http.post(path, data={**fields, "csrfmiddlewaretoken": token[1]}, headers=headers)
        assert answer.status_code == expect, (path, answer.status_code, answer.text[:2000])
        return answer

    def start(self, teammate: str, message: str, **fields: str) -> int:
        """Start a run from the home page; its number."""
        answer = self.post("/runs/start/", page="/", teammate=teammate, message=message, **fields)
        found = re.search(r"/runs/(\d+)/", str(answer.url))
        assert found, f"no run was started: {answer.url}"
        return int(found[1])

    def decide(self, approval: int, verdict: str, **fields: str) -> httpx2.Response:
        page = f"/inbox/approvals/{approval}/"
        digest = DIGEST.search(self.get(page))
        assert digest, "the card is not open"
        return self.post(f"{page}{verdict}/", page=page, digest=digest[1], **fields)
