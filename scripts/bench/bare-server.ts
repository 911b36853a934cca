/**
 * The yardstick: a bare Bun.serve that answers what the state server would, from a variable, and
 * checks nothing. Prints its port on the first line.
 */
let state: Uint8Array<ArrayBuffer> | null = null;

const server = Bun.serve({
	port: 0,
	hostname: "127.0.0.1",
	maxRequestBodySize: 2 ** 31,
	idleTimeout: 120,
	async fetch(request) {
		if (request.method === "GET") {
			return state === null
				? new Response(null, { status: 404 })
				: new Response(state, { headers: { "content-type": "application/json" } });
		}
		const body = new Uint8Array(await request.arrayBuffer());
		if (request.method === "POST") state = body;
		return new Response(null);
	},
});
process.stdout.write(`${server.port}\n`);
