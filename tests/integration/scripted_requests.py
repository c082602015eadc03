"""The HTTP requests that come over a connection, one after another, for scripted servers."""


def requests(connection):
    """Yield (head, body) of each until the peer has nothing more to say."""
    data = b""
    while True:
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        head, data = data.split(b"\r\n\r\n", 1)
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(data) < length:
            more = connection.recv(65536)
            if not more:
                return
            data += more
        body, data = data[:length], data[length:]
        yield head, body
