import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { S3Store } from "../../src/storage/s3.ts";
import type { S3Options } from "../../src/storage/s3-clients.ts";
import {
	bytesOf,
	patternOf,
	storeErrorOf,
	streamOf,
	textOf,
} from "../contract/blob-store.suite.ts";
import type { FaultAction, FaultRule } from "../support/fake-s3/faults.ts";
import { startFakeS3Process } from "../support/fake-s3/process.ts";
import { FakeS3 } from "../support/fake-s3/server.ts";
import { machineClock } from "../support/store-clock.ts";
import { until } from "../support/until.ts";

let fake: FakeS3;

beforeAll(async () => {
	fake = await FakeS3.start({ buckets: ["bucket", "other.bucket"] });
});

afterEach(() => {
	fake.faults.clear();
	fake.release();
	fake.clockOffsetMs = 0;
});

afterAll(() => fake.stop());

let names = 0;

/** A store below a fresh prefix. */
function open(changes: Partial<S3Options> = {}): S3Store {
	names++;
	return new S3Store(
		{
			bucket: "bucket",
			prefix: `p${names}`,
			region: fake.region,
			endpoint: fake.endpoint,
			credentials: fake.keys,
			...changes,
		},
		machineClock,
	);
}

function always(rule: FaultRule): void {
	fake.faults.add({ ...rule, times: Number.POSITIVE_INFINITY });
}

async function exists(store: S3Store, key: string): Promise<boolean> {
	fake.faults.clear();
	return (await store.get(key)).found;
}

describe("outcomes of a conditional write", () => {
	const cases: [string, FaultAction, { kind: string; notDone: boolean; there: boolean }][] = [
		[
			"500 without effect",
			{ kind: "refuse", status: 500, code: "InternalError" },
			{ kind: "unavailable", notDone: false, there: false },
		],
		[
			"500 after the effect",
			{ kind: "refuse-after", status: 500, code: "InternalError" },
			{ kind: "unavailable", notDone: false, there: true },
		],
		[
			"503 SlowDown",
			{ kind: "refuse", status: 503, code: "SlowDown" },
			{ kind: "throttled", notDone: false, there: false },
		],
		[
			"409 of a race",
			{ kind: "refuse", status: 409, code: "ConditionalRequestConflict" },
			{ kind: "unavailable", notDone: true, there: false },
		],
		[
			"403",
			{ kind: "refuse", status: 403, code: "AccessDenied" },
			{ kind: "denied", notDone: true, there: false },
		],
		[
			"404 of the bucket",
			{ kind: "refuse", status: 404, code: "NoSuchBucket" },
			{ kind: "no_such_store", notDone: true, there: false },
		],
		[
			"a quota",
			{ kind: "refuse", status: 403, code: "QuotaExceeded" },
			{ kind: "not_writable", notDone: true, there: false },
		],
		[
			"a dropped connection",
			{ kind: "drop" },
			{ kind: "unavailable", notDone: false, there: false },
		],
		["a lost reply", { kind: "drop-after" }, { kind: "unavailable", notDone: false, there: true }],
		["no Date", { kind: "no-date" }, { kind: "unavailable", notDone: false, there: true }],
	];
	for (const [name, action, expected] of cases) {
		for (const operation of ["put-if-absent", "put"] as const) {
			const status = "status" in action ? action.status : 0;
			if (operation === "put" && status === 409) continue;
			test(`${operation}: ${name}`, async () => {
				const store = open();
				always({ operation, action });
				const attempt =
					operation === "put" ? store.put("k", bytesOf("x")) : store.putIfAbsent("k", bytesOf("x"));
				const error = await storeErrorOf(attempt);
				expect({
					kind: error.kind as string,
					notDone: error.notDone,
					there: await exists(store, "k"),
				}).toEqual(expected);
			});
		}
	}

	test("a caller that gives up does not know, and the write may land later", async () => {
		for (const operation of ["put-if-absent", "put"] as const) {
			const store = open();
			fake.faults.add({ operation, action: { kind: "hold" } });
			const controller = new AbortController();
			const options = { signal: controller.signal };
			const attempt =
				operation === "put"
					? store.put("k", bytesOf("x"), options)
					: store.putIfAbsent("k", bytesOf("x"), options);
			const outcome = storeErrorOf(attempt, "timeout");
			await until(() => fake.heldCount > 0);
			controller.abort();
			expect((await outcome).notDone).toBe(false);
			expect((await store.get("k")).found).toBe(false);
			fake.release();
			await until(async () => (await store.get("k")).found);
		}
	});

	test("the SDK sends a conditional write once", async () => {
		const store = open();
		fake.faults.add({
			operation: "put-if-absent",
			action: { kind: "refuse", status: 500, code: "X" },
		});
		const before = fake.requests.length;
		await storeErrorOf(store.putIfAbsent("once", bytesOf("x")), "unavailable");
		expect(fake.requests.slice(before).map(({ status }) => status)).toEqual([500]);
	});
});

describe("reads", () => {
	test("a truncated answer is an error, never a short object", async () => {
		const store = open();
		await store.put("k", patternOf(200_000));
		always({ operation: "get", action: { kind: "truncate", bytes: 100_000 } });
		expect((await storeErrorOf(store.get("k"), "unavailable")).notDone).toBe(true);
		const read = async () => {
			const got = await store.getStream("k");
			if (got.found) await new Response(got.body).bytes();
		};
		await storeErrorOf(read(), "unavailable");
	});

	test("bytes come as they are, also those of an object that is marked as compressed", async () => {
		const store = open();
		const bytes = Bun.gzipSync("text".repeat(100));
		await store.put("k", bytes);
		always({ operation: "get", action: { kind: "content-encoding", value: "gzip" } });
		const got = await store.get("k");
		if (!got.found) throw new Error("absent");
		expect(Buffer.compare(got.bytes, bytes)).toBe(0);
		const streamed = await store.getStream("k");
		if (!streamed.found) throw new Error("absent");
		expect(Buffer.compare(await new Response(streamed.body).bytes(), bytes)).toBe(0);
	});

	test("a stalled answer ends with the caller's signal", async () => {
		const store = open();
		await store.put("k", patternOf(200_000));
		fake.faults.add({ operation: "get", action: { kind: "stall", bytes: 1000 } });
		const controller = new AbortController();
		const outcome = storeErrorOf(store.get("k", { signal: controller.signal }), "timeout");
		await until(() => fake.heldCount > 0);
		controller.abort();
		await outcome;
	});

	test("404 is absence only for an object", async () => {
		const store = open();
		always({ action: { kind: "refuse", status: 404, code: "NoSuchBucket" } });
		await storeErrorOf(store.get("k"), "no_such_store");
		await storeErrorOf(store.getStream("k"), "no_such_store");
		await storeErrorOf(store.delete("k"), "no_such_store");
		await storeErrorOf(store.list({ prefix: "", limit: 1 }), "no_such_store");
		await storeErrorOf(store.newest(""), "no_such_store");
	});

	test("listings tell apart what went wrong", async () => {
		const store = open();
		const cases: [number, string, string][] = [
			[503, "SlowDown", "throttled"],
			[500, "InternalError", "unavailable"],
			[403, "AccessDenied", "denied"],
			[400, "ExpiredToken", "denied"],
			[301, "PermanentRedirect", "no_such_store"],
		];
		for (const [status, code, kind] of cases) {
			fake.faults.clear();
			always({ operation: "list", action: { kind: "refuse", status, code } });
			const error = await storeErrorOf(store.list({ prefix: "", limit: 1 }));
			expect([code, error.kind as string]).toEqual([code, kind]);
			expect(error.notDone).toBe(true);
		}
		fake.faults.clear();
		always({ operation: "list", action: { kind: "drop" } });
		await storeErrorOf(store.list({ prefix: "", limit: 1 }), "unavailable");
	});

	test("objects of others that are no keys are left out", async () => {
		const store = open();
		const prefix = `p${names}/`;
		const bucket = fake.bucket();
		for (const name of ["folder/", "a//b", "ok", "folder/file", "back\\slash", ""]) {
			bucket.put(prefix + name, bytesOf("x"), Date.now());
		}
		const page = await store.list({ prefix: "", limit: 10 });
		expect(page.blobs.map(({ key }) => key)).toEqual(["folder/file", "ok"]);
		expect(await store.newest("")).toBe("folder/file");
		expect(await store.newest("folder/")).toBe("folder/file");
		const first = await store.list({ prefix: "", limit: 1 });
		expect(first.blobs.length).toBe(1);
	});
});

describe("uploads", () => {
	test("a server that refuses early ends the upload", async () => {
		const store = open();
		always({ operation: "put", action: { kind: "refuse", status: 403, code: "AccessDenied" } });
		const size = 3_000_000;
		await storeErrorOf(store.put("k", { stream: streamOf(patternOf(size)), size }), "denied");
		expect(await exists(store, "k")).toBe(false);
	});

	test("a connection that breaks before the last byte left: not done", async () => {
		const store = open();
		always({ operation: "put", action: { kind: "drop" } });
		const bytes = patternOf(1000);
		const paused = Promise.withResolvers<void>();
		const stream = new ReadableStream<Uint8Array>({
			async pull(controller) {
				controller.enqueue(bytes);
				await paused.promise;
			},
		});
		const error = await storeErrorOf(store.put("k", { stream, size: 5000 }), "unavailable");
		paused.resolve();
		expect(error.notDone).toBe(true);
	});

	test("damaged bytes are refused by Content-MD5", async () => {
		const store = open();
		always({ operation: "put", action: { kind: "refuse", status: 400, code: "BadDigest" } });
		expect((await storeErrorOf(store.put("k", bytesOf("x")), "corrupt")).notDone).toBe(true);
	});
});

describe("dates", () => {
	test("are the server's, not ours", async () => {
		const store = open();
		fake.clockOffsetMs = -7 * 60_000;
		const expected = Date.now() - 7 * 60_000;
		const dates = [
			(await store.get("none")).date,
			(await store.putIfAbsent("k", bytesOf("x"))).date,
			(await store.putIfAbsent("k", bytesOf("x"))).date,
			(await store.put("k", bytesOf("x"))).date,
			(await store.delete("k")).date,
		];
		for (const date of dates) expect(Math.abs(date - expected)).toBeLessThan(5000);
		expect(dates.every((date) => date % 1000 === 0)).toBe(true);
	});
});

describe("the fake in a process of its own", () => {
	test("takes orders", async () => {
		const server = await startFakeS3Process();
		try {
			const store = new S3Store({ ...server, prefix: "", credentials: server }, machineClock);
			await store.putIfAbsent("k", bytesOf("x"));
			expect(await server.keys()).toEqual(["k"]);
			await server.addFault({
				operation: "get",
				action: { kind: "refuse", status: 503, code: "SlowDown" },
			});
			await storeErrorOf(store.get("k"), "throttled");
			expect(await textOf(store, "k")).toBe("x");
			await server.setRules({ ignoreConditions: true });
			expect((await store.putIfAbsent("k", bytesOf("y"))).created).toBe(true);
			expect((await server.requests()).length).toBeGreaterThan(3);
		} finally {
			await server.stop();
		}
	});
});
