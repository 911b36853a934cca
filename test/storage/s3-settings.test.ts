import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { S3Store } from "../../src/storage/s3.ts";
import type { S3Options } from "../../src/storage/s3-clients.ts";
import { CredentialSource, type S3Credentials } from "../../src/storage/s3-credentials.ts";
import { bytesOf, storeErrorOf, textOf } from "../contract/blob-store.suite.ts";
import { FakeS3 } from "../support/fake-s3/server.ts";
import { ManualClock, machineClock, settle } from "../support/store-clock.ts";

let fake: FakeS3;

beforeAll(async () => {
	fake = await FakeS3.start({ buckets: ["bucket", "other.bucket"] });
});

afterEach(() => {
	fake.faults.clear();
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

describe("the prefix", () => {
	test("keeps two stores in one bucket apart", async () => {
		const first = open({ prefix: "shared/one" });
		const second = open({ prefix: "/shared/one-more/" });
		await first.put("k", bytesOf("first"));
		await second.put("k", bytesOf("second"));
		expect(await textOf(first, "k")).toBe("first");
		expect((await first.list({ prefix: "", limit: 10 })).blobs.map(({ key }) => key)).toEqual([
			"k",
		]);
		expect((await second.list({ prefix: "", limit: 10 })).blobs.map(({ key }) => key)).toEqual([
			"k",
		]);
		await storeErrorOf(first.get("../one-more/k"), "invalid_key");
		const whole = open({ prefix: "" });
		const page = await whole.list({ prefix: "shared/", delimiter: "/", limit: 10 });
		expect(page.prefixes).toEqual(["shared/one-more/", "shared/one/"]);
	});

	test("counts for the length of a name", async () => {
		const store = open({ prefix: "p".repeat(200) });
		const key = `${"a".repeat(250)}/${"b".repeat(250)}/${"c".repeat(250)}/${"d".repeat(150)}`;
		await storeErrorOf(store.put(key, bytesOf("x")), "invalid_key");
		await storeErrorOf(store.putIfAbsent(key, bytesOf("x")), "invalid_key");
	});

	test("bucket names with dots work", async () => {
		const store = open({ bucket: "other.bucket" });
		await store.putIfAbsent("k", bytesOf("x"));
		expect(await textOf(store, "k")).toBe("x");
		expect(await store.newest("")).toBe("k");
	});
});

describe("credentials", () => {
	const pair = (n: number, expiration?: Date): S3Credentials => ({
		accessKeyId: `KEY${n}`,
		secretAccessKey: "s",
		...(expiration === undefined ? {} : { expiration }),
	});

	test("are loaded once for many, and again before they expire", async () => {
		const clock = new ManualClock();
		let loads = 0;
		const source = new CredentialSource(async () => {
			loads++;
			await settle();
			return pair(loads, new Date(clock.now() + 60 * 60_000));
		}, clock);
		const many = await Promise.all(Array.from({ length: 10 }, () => source.current()));
		expect(new Set(many).size).toBe(1);
		expect(loads).toBe(1);
		await clock.advance(54 * 60_000);
		await source.current();
		expect(loads).toBe(1);
		await clock.advance(2 * 60_000);
		expect((await source.current()).accessKeyId).toBe("KEY2");
	});

	test("serve on when they cannot be renewed, until they expire", async () => {
		const clock = new ManualClock();
		let works = true;
		const source = new CredentialSource(async () => {
			if (!works) throw new Error("no network");
			return pair(1, new Date(clock.now() + 10 * 60_000));
		}, clock);
		await source.current();
		works = false;
		await clock.advance(6 * 60_000);
		expect((await source.current()).accessKeyId).toBe("KEY1");
		await clock.advance(5 * 60_000);
		await storeErrorOf(source.current(), "denied");
		works = true;
		expect((await source.current()).accessKeyId).toBe("KEY1");
	});

	test("that the server calls expired are loaded anew", async () => {
		let loads = 0;
		const store = open({
			credentials: async () => {
				loads++;
				return { ...fake.keys };
			},
		});
		await store.put("k", bytesOf("x"));
		expect(loads).toBe(1);
		for (const operation of ["get", "put-if-absent", "list"] as const) {
			const before = loads;
			fake.faults.add({ operation, action: { kind: "refuse", status: 400, code: "ExpiredToken" } });
			const act = () =>
				operation === "get"
					? store.get("k")
					: operation === "list"
						? store.newest("")
						: store.putIfAbsent("k", bytesOf("x"));
			await storeErrorOf(act(), "denied");
			await act();
			expect(loads).toBe(before + 1);
		}
	});

	test("with a session token sign every kind of request", async () => {
		const keys = fake.keys;
		fake.keys = { ...keys, sessionToken: "token/with+odd=characters" };
		try {
			const store = open();
			await store.putIfAbsent("k", bytesOf("x"));
			await store.put("k", bytesOf("y"));
			expect(await textOf(store, "k")).toBe("y");
			expect(await store.newest("")).toBe("k");
			await store.delete("k");
		} finally {
			fake.keys = keys;
		}
	});
});

describe("addresses", () => {
	test("a virtual host names the bucket", async () => {
		const { port } = new URL(fake.endpoint);
		// Bun itself knows that every name below localhost is this machine.
		const store = open({ endpoint: `http://localhost:${port}`, pathStyle: false });
		await store.put("k", bytesOf("x"));
		expect(await textOf(store, "k")).toBe("x");
		expect(await store.newest("")).toBe("k");
	});

	test("of AWS follow from the region", () => {
		const store = new S3Store({ bucket: "b-ucket", prefix: "" }, machineClock);
		expect(store.capabilities.location).toBe("s3://b-ucket/");
	});
});
