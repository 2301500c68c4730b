"""The chat completions protocol, as far as a scripted model on loopback needs it."""

import json
from http.server import BaseHTTPRequestHandler
from typing import Any


class Speaking(BaseHTTPRequestHandler):
    """Answers each question with what `say` returns for it."""

    protocol_version = "HTTP/1.1"

    def say(self, asked: dict[str, Any]) -> str:
        raise NotImplementedError

    def log_message(self, format: str, *arguments: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        self.send(200, b'{"object": "list", "data": []}')

    def do_POST(self) -> None:
        self.send(200, completion(self.say(self.asked())))

    def asked(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        return body

    def send(self, status: int, body: bytes, sent: int | None = None) -> None:
        """A response that announces `body` and ends after `sent` bytes of it."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent])


def completion(text: str) -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    return json.dumps({"id": "c", "model": "m", "choices": [choice], "usage": usage}).encode()
