"""A browser or a program as the desk sees it: headers, cookies and forms, written out by hand."""

import re

import aiohttp

from tests.faces.conftest import PASSWORD


class Browser:
    """A browser that keeps cookies; with `secure` also those for https alone, as Chromium and Firefox do on this machine."""

    def __init__(self, address, *, secure=True, **headers):
        self.address, self.secure = address, secure
        self.cookies, self.token, self.headers = {}, "", headers
        self.set_cookies: list[str] = []

    async def ask(self, method, path, **options):
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} | self.headers
        headers |= options.pop("headers", {})
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
            send = {"headers": headers, "allow_redirects": False, **options}
            async with http.request(method, self.address + path, **send) as answer:
                html = await answer.text()
                self.set_cookies = answer.headers.getall("Set-Cookie", [])
        for line in self.set_cookies:
            name, _, value = line.partition(";")[0].partition("=")
            if self.secure or "; Secure" not in line:
                self.cookies[name] = value
                if "Max-Age=0" in line or not value:
                    self.cookies.pop(name)
        found = re.search(r'name="token" value="([^"]+)"', html)
        self.token = found[1] if found else self.token
        return answer.status, answer.headers, html

    async def look(self, path="/"):
        return await self.ask("GET", path)

    async def send(self, path, *, origin=None, site="same-origin", **fields):
        headers = {"Origin": origin or self.address, "Sec-Fetch-Site": site}
        return await self.ask("POST", path, data={"token": self.token, **fields}, headers=headers)

    async def sign_in(self, name="anna", password=PASSWORD, **fields):
        await self.look("/signin")
        return await self.send("/signin", name=name, password=password, **fields)
