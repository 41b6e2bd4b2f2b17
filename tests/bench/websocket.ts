// The same room on what Bun itself offers for it: Bun.serve with WebSockets that subscribe to a topic. No history,
// no names to defend, but the best there is for one message to many: it sets the bar.
//
//   bun tests/bench/websocket.ts PORT

const server = Bun.serve<{ name: string }>({
  hostname: "127.0.0.1",
  port: Number(Bun.argv[2]),
  fetch(request, server) {
    const name = new URL(request.url).searchParams.get("name") ?? "";
    if (!server.upgrade(request, { data: { name } })) return new Response("WebSocket only", { status: 426 });
  },
  websocket: {
    open(socket) {
      socket.subscribe("room");
    },
    message(socket, message) {
      server.publish("room", `${socket.data.name}: ${message}`);
    },
  },
});
