/**
 * Orders to a fake in another process, as JSON over HTTP: `POST /faults` with a FaultRule,
 * `DELETE /faults`, `POST /rules` with a part of BucketRules, `POST /listings` with
 * `{"frozen": true}`, `POST /clock` with `{"offsetMs": …}`, `POST /release`, `GET /requests`,
 * `GET /keys`.
 */

import type { BucketRules } from "./bucket.ts";
import type { FaultRule } from "./faults.ts";
import type { FakeS3 } from "./server.ts";

export function startControl(fake: FakeS3, bucketName: string, port = 0): Bun.Server<undefined> {
	const bucket = fake.bucket(bucketName);
	const done = () => new Response(null, { status: 204 });
	return Bun.serve({
		port,
		hostname: "127.0.0.1",
		development: false,
		routes: {
			"/faults": {
				async POST(request) {
					fake.faults.add((await request.json()) as FaultRule);
					return done();
				},
				DELETE() {
					fake.faults.clear();
					return done();
				},
			},
			"/rules": {
				async POST(request) {
					Object.assign(bucket.rules, (await request.json()) as Partial<BucketRules>);
					return done();
				},
			},
			"/listings": {
				async POST(request) {
					const { frozen } = (await request.json()) as { frozen: boolean };
					if (frozen) bucket.freezeListings();
					else bucket.thawListings();
					return done();
				},
			},
			"/clock": {
				async POST(request) {
					const { offsetMs } = (await request.json()) as { offsetMs: number };
					fake.clockOffsetMs = offsetMs;
					return done();
				},
			},
			"/release": {
				POST() {
					fake.release();
					return done();
				},
			},
			"/requests": { GET: () => Response.json(fake.requests) },
			"/keys": { GET: () => Response.json(bucket.keys().sort()) },
		},
		fetch: () => new Response("no such order", { status: 404 }),
	});
}
