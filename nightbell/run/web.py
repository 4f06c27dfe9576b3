"""The web process: the application behind uvicorn; plain on loopback, under TLS beyond it."""

from types import FrameType

import uvicorn
from fastapi import FastAPI

from nightbell.run import tls
from nightbell.run.settings import Settings
from nightbell.web.app import make_app

# Open event streams would hold the exit back for ever.
GRACE_S = 2


class Server(uvicorn.Server):
    """Told to stop, it first ends the event streams, which would otherwise stay open."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        app = self.config.app
        if isinstance(app, FastAPI) and hasattr(app.state, "newsroom"):
            app.state.newsroom.close_soon()
        super().handle_exit(sig, frame)


def main(settings: Settings) -> int:
    certificate = tls.files(settings)
    app = make_app(web_url=settings.database("web"), data=settings.data, demo_mode=settings.demo)
    app.state.switch_socket = settings.switch_socket
    app.state.carrier_socket = settings.carrier_socket
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,  # A URL is nobody's business but the asker's.
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=certificate and certificate.certificate,
        ssl_keyfile=certificate and certificate.key,
        log_config=None,
    )
    Server(config).run()
    return 0
