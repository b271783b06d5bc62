"""A file on the web, from a given byte on: which way to it is safe, and why it did not come. Knows no files, no models.

RFC 9110: section 13.1.5 (If-Range), section 14 (ranges), section 15.3.7 (206) and section 15.5.17 (416).
"""

from __future__ import annotations

import email.message
import http.client
import ipaddress
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, cast

_CHECK_NETWORK = "check the network, or name a proxy (--proxy) or a mirror (--mirror)"
_GATED = "open {page} with a browser, agree to the licence there, fetch the file, and `bytefim models add` it"
_LEADS_NOWHERE = "it leads in a circle, or to no address of the web: try another mirror (--mirror), or later"
_MOVED = "it may have moved: update bytefim, or fetch it from {page} with a browser and `bytefim models add` it"
_REMEDIES = {
    401: _GATED,
    403: _GATED,
    404: _MOVED,
    410: _MOVED,
    **dict.fromkeys((301, 302, 303, 307, 308), _LEADS_NOWHERE),
    407: "name the proxy with user and password (--proxy http://USER:PASSWORD@HOST:PORT)",
}
_PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-\d{1,18}|\*)/(\d{1,18}|\*)", re.ASCII)
_LENGTH = re.compile(r"\d{1,18}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class NotAnswered(Exception):
    """Nothing comes, or nothing more."""

    def __init__(self, reason: str, remedy: str = _CHECK_NETWORK, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        """a clause that names the host"""
        self.remedy = remedy
        """what the user can do, in the imperative"""
        self.may_pass = may_pass
        """a second attempt may succeed"""


class NothingFurther(Exception):
    """The file has no bytes from the one on that was asked for."""

    def __init__(self, total_bytes: int | None) -> None:
        super().__init__()
        self.total_bytes = total_bytes


@dataclass(frozen=True, slots=True)
class Route:
    """How the web is reached."""

    mirror: str | None = None
    """stands for scheme and host of every address"""
    proxy: str | None = None
    """None: as the environment says"""
    timeout_s: float = 30.0
    """longest silence"""

    def lead(self, url: str) -> str:
        """The address that is asked instead of this one. Raises NotAnswered when it may not be."""
        if self.mirror is not None:
            mirror = _split(self.mirror)
            if mirror.scheme not in ("http", "https") or not mirror.hostname or "@" in mirror.netloc:
                remedy = "name one like https://models.example.org, without user and password"
                raise NotAnswered(f"the mirror {host_of(self.mirror)} is no address that can be asked", remedy)
            url = self.mirror.rstrip("/") + urllib.parse.urlsplit(url)._replace(scheme="", netloc="").geturl()
        self.require_safe(url)
        return url

    def require_safe(self, url: str, *, before: str | None = None) -> None:
        """Raises NotAnswered for an address without encryption, unless it is this machine or the mirror itself.

        `before` is the address that redirects there.
        """
        parts = urllib.parse.urlsplit(url)
        is_downgrade = before is not None and before.startswith("https:")
        if parts.scheme == "https" or (parts.scheme == "http" and not is_downgrade and self._may_be_plain(parts)):
            return
        what = f"{host_of(before)} redirects to {host_of(url)}" if before is not None else f"{host_of(url)} is asked"
        raise NotAnswered(f"{what} without encryption ({parts.scheme})", "use an address that begins with https")

    def _may_be_plain(self, parts: urllib.parse.SplitResult) -> bool:
        host = parts.hostname or ""
        if self.mirror is not None and host == urllib.parse.urlsplit(self.mirror).hostname:
            return True
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host sends of a file."""

    start_byte: int
    """0 when the host sends all of it, whatever was asked for"""
    total_bytes: int | None
    """of the whole file; None: the host does not say"""
    validator: str | None
    """what `If-Range` wants, if the host gave something that is good for it"""
    sha256: str | None
    """of the whole file, as hubs tell it when they redirect to where the file lies"""
    host: str
    _body: IO[bytes]

    def read(self, n_bytes: int) -> bytes:
        """As many of the next bytes as are there, at most so many; empty at the end. Raises NotAnswered."""
        with _failures(self.host):
            return cast(http.client.HTTPResponse, self._body).read1(n_bytes)


@contextmanager
def open_at(url: str, *, start_byte: int, validator: str | None, route: Route) -> Generator[Answer]:
    """The file behind the address, from a byte on if the host can and the file is still the one of the validator.

    Raises NotAnswered, and NothingFurther for a start at or behind the end.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "bytefim", "Accept-Encoding": "identity"})
    if start_byte:
        request.add_header("Range", f"bytes={start_byte}-")
        if validator is not None:
            request.add_header("If-Range", validator)
    redirects = _Redirects(route)
    proxies = None if route.proxy is None else {"http": route.proxy, "https": route.proxy}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies), redirects)
    host = host_of(url)
    through = "" if route.proxy is None else f" through the proxy {host_of(route.proxy)}"
    try:
        with _failures(host, through):
            response = cast(http.client.HTTPResponse, opener.open(request, timeout=route.timeout_s))
    except urllib.error.HTTPError as error:
        with error:
            raise _refusal(host_of(error.url), error.code, error.headers, url) from error
    with response:
        if response.status not in (200, 206):
            raise _refusal(host, response.status, response.headers, url)
        yield _answer(response, redirects.sha256, host)


def host_of(url: str) -> str:
    """For people: never the user and password that an address may carry."""
    return _split(url).hostname or url.rpartition("@")[2]  # proxies may be named without a scheme


def _split(url: str) -> urllib.parse.SplitResult:
    """What is no address, such as one with a bracket that nobody closed, has no scheme and no host."""
    try:
        return urllib.parse.urlsplit(url)
    except ValueError:
        return urllib.parse.SplitResult("", "", url, "", "")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to safe addresses only."""

    def __init__(self, route: Route) -> None:
        self.sha256: str | None = None
        self._route = route

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        self._route.require_safe(newurl, before=req.full_url)
        told = headers.get("X-Linked-ETag", "").strip('"').lower()
        self.sha256 = told if _SHA256.fullmatch(told) else self.sha256
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _answer(response: http.client.HTTPResponse, sha256: str | None, host: str) -> Answer:
    headers = response.headers
    if headers.get("Content-Encoding", "identity") != "identity":
        raise NotAnswered(f"{host} sends the file in another encoding", "try another mirror (--mirror)")
    length = headers.get("Content-Length", "")
    start_byte, total_bytes = 0, int(length) if _LENGTH.fullmatch(length) else None
    if response.status == 206:
        start, total = _read_range(headers)
        if start is None:
            raise NotAnswered(f"{host} does not say which part of the file it sends", "try another mirror (--mirror)")
        start_byte, total_bytes = start, total
    etag = headers.get("ETag")
    is_strong = etag is not None and etag.startswith('"')
    return Answer(start_byte, total_bytes, etag if is_strong else headers.get("Last-Modified"), sha256, host, response)


def _refusal(host: str, status: int, headers: email.message.Message, url: str) -> Exception:
    if status == 416:
        return NothingFurther(_read_range(headers)[1])
    phrase = http.client.responses.get(status, "")
    reason = f"{host} answers {status} {phrase}".rstrip()
    page = url.partition("/resolve/")[0]  # where hubs show the repository that a file is of
    remedy = _REMEDIES.get(status, "try again later").format(page=page)
    return NotAnswered(reason, remedy, may_pass=status in _PASSING_STATUSES)


def _read_range(headers: email.message.Message) -> tuple[int | None, int | None]:
    """First byte and size of the whole, of a Content-Range."""
    found = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
    if found is None:
        return None, None
    start, total = found.groups()
    return int(start) if start else None, int(total) if total != "*" else None


@contextmanager
def _failures(host: str, through: str = "") -> Generator[None]:
    """Failures of the network as NotAnswered; an HTTP status passes."""
    try:
        yield
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            remedy = "where a proxy opens encrypted traffic, SSL_CERT_FILE must name its certificates"
            raise NotAnswered(f"the certificate of {host} is not trusted ({cause.verify_message})", remedy) from error
        if isinstance(cause, TimeoutError):
            raise NotAnswered(f"{host} is silent", may_pass=True) from error
        said = (cause.strerror if isinstance(cause, OSError) else None) or str(cause) or type(cause).__name__
        text = " ".join("".join(sign if sign.isprintable() else " " for sign in said).split())  # it may be the host's
        raise NotAnswered(f"{host} cannot be reached{through} ({text})", may_pass=True) from error
