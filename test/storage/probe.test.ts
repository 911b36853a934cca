import { afterEach, describe, expect, test } from "bun:test";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DomainError } from "../../src/core/errors.ts";
import type { BlobStore } from "../../src/core/ports/blob-store.ts";
import { openStore, probeStore, type StoreTarget } from "../../src/storage/open.ts";
import { type FakeOptions, FakeS3 } from "../support/fake-s3/server.ts";
import { freePort, untilAnswers } from "../support/foreign-s3.ts";
import { machineClock, machineParts } from "../support/store-clock.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
	for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startFake(options: FakeOptions = {}): Promise<FakeS3> {
	const fake = await FakeS3.start(options);
	cleanups.push(() => fake.stop());
	return fake;
}

function targetOf(fake: FakeS3, changes: Partial<StoreTarget & { kind: "s3" }> = {}) {
	return {
		kind: "s3" as const,
		bucket: "bucket",
		prefix: "opentaco",
		region: fake.region,
		endpoint: fake.endpoint,
		credentials: fake.keys,
		...changes,
	};
}

async function probe(target: StoreTarget) {
	return probeStore(await openStore(target, machineParts), machineClock);
}

async function refusalOf(promise: Promise<unknown>): Promise<DomainError> {
	const error = await promise.then(
		() => null,
		(reason) => reason,
	);
	if (!(error instanceof DomainError)) throw error ?? new Error("not refused");
	expect(error.code).toBe("storage_unavailable");
	expect(error.hint.length).toBeGreaterThan(10);
	return error;
}

describe("the probe accepts", () => {
	test("memory, and says that nothing lasts", async () => {
		const report = await probe({ kind: "memory" });
		expect(report.durable).toBe(false);
		expect(report.warnings.join()).toContain("gone");
		expect(report.bucketVersioning).toBeNull();
	});

	test("a folder, and leaves nothing in it", async () => {
		await using directory = await temporaryDirectory();
		const store = await openStore(
			{ kind: "filesystem", directory: join(directory.path, "new", "data") },
			machineParts,
		);
		const report = await probeStore(store, machineClock);
		expect(report.warnings).toEqual([]);
		expect(Math.abs(report.clockDifferenceMs)).toBeLessThan(1000);
		expect((await store.list({ prefix: "", limit: 10 })).blobs).toEqual([]);
	});

	test("S3, and leaves nothing in it", async () => {
		const fake = await startFake();
		const report = await probe(targetOf(fake));
		expect(report.bucketVersioning).toBe("off");
		expect(report.location).toContain("s3://bucket/opentaco/");
		expect(fake.bucket().keys()).toEqual([]);
	});

	test("a bucket with versions where conditions hold, with a warning", async () => {
		const fake = await startFake();
		fake.bucket().rules.versioning = "enabled";
		const report = await probe(targetOf(fake));
		expect(report.bucketVersioning).toBe("enabled");
		expect(report.warnings.join()).toContain("versions");
	});

	test("a clock that differs by minutes, and tells it", async () => {
		const fake = await startFake();
		fake.clockOffsetMs = 5 * 60_000;
		const report = await probe(targetOf(fake));
		expect(Math.abs(report.clockDifferenceMs - 300_000)).toBeLessThan(5000);
		expect(report.warnings.join()).toContain("differ by");
	});

	test.each(["get", "put-if-absent", "list"] as const)(
		"a server that fails once (%s)",
		async (operation) => {
			const fake = await startFake();
			fake.faults.add({ operation, action: { kind: "drop-after" } });
			fake.faults.add({
				operation,
				action: { kind: "refuse-after", status: 503, code: "SlowDown" },
			});
			await probe(targetOf(fake));
			expect(fake.faults.pending).toBe(false);
		},
	);
});

describe("the probe refuses", () => {
	test("a server that ignores conditions", async () => {
		const fake = await startFake();
		fake.bucket().rules.ignoreConditions = true;
		const error = await refusalOf(probe(targetOf(fake)));
		expect(error.message).toContain("ignores create-if-absent");
		expect(fake.bucket().keys()).toEqual([]);
	});

	test("a bucket in which conditions are ignored because of versions", async () => {
		const fake = await startFake();
		fake.bucket().rules.versioning = "enabled";
		fake.bucket().rules.ignoreConditionsWhenVersioned = true;
		const error = await refusalOf(probe(targetOf(fake)));
		expect(error.message).toContain("keeps versions");
		expect(error.hint).toContain("without versioning");
	});

	test("a store where several of a race win", async () => {
		const store = await openStore({ kind: "memory" }, machineParts);
		const careless = new Proxy(store, {
			get(target, name) {
				if (name !== "putIfAbsent") {
					const value = Reflect.get(target, name);
					return typeof value === "function" ? value.bind(target) : value;
				}
				const putIfAbsent: BlobStore["putIfAbsent"] = async (key, bytes) => {
					const got = await target.get(key);
					if (got.found) return { created: false, date: got.date };
					return { created: true, ...(await target.put(key, bytes)) };
				};
				return putIfAbsent;
			},
		});
		const error = await refusalOf(probeStore(careless, machineClock));
		expect(error.message).toContain("ignores create-if-absent");
	});

	test("stale listings", async () => {
		const fake = await startFake();
		fake.bucket().freezeListings();
		expect((await refusalOf(probe(targetOf(fake)))).message).toContain("listing");
	});

	test("a bucket that is not there", async () => {
		const fake = await startFake();
		const error = await refusalOf(probe(targetOf(fake, { bucket: "missing" })));
		expect(error.message).toContain("the bucket does not exist");
		expect(error.hint).toContain("Create the bucket");
	});

	test("credentials that are wrong", async () => {
		const fake = await startFake();
		for (const credentials of [
			{ ...fake.keys, secretAccessKey: "wrong" },
			{ ...fake.keys, accessKeyId: "UNKNOWN" },
			{ ...fake.keys, sessionToken: "stray" },
		]) {
			const error = await refusalOf(probe(targetOf(fake, { credentials })));
			expect(error.message).toMatch(/credentials|refused access/);
			expect(error.hint).toContain("s3:ListBucket");
			expect(error.message + error.hint).not.toContain(credentials.secretAccessKey);
		}
	});

	test("a permission that is missing", async () => {
		const fake = await startFake();
		for (const operation of ["get", "put", "put-if-absent", "delete", "list"] as const) {
			fake.faults.clear();
			fake.faults.add({
				operation,
				times: Number.POSITIVE_INFINITY,
				action: { kind: "refuse", status: 403, code: "AccessDenied" },
			});
			expect((await refusalOf(probe(targetOf(fake)))).message).toContain("AccessDenied");
		}
	});

	test("the wrong region, and names the right one", async () => {
		const fake = await startFake({ region: "eu-west-3" });
		const error = await refusalOf(probe(targetOf(fake, { region: "us-east-1" })));
		expect(error.message).toContain("region eu-west-3");
	});

	test("a redirect to another region", async () => {
		const fake = await startFake();
		fake.faults.add({
			times: Number.POSITIVE_INFINITY,
			action: { kind: "refuse", status: 301, code: "PermanentRedirect", region: "ap-south-1" },
		});
		expect((await refusalOf(probe(targetOf(fake)))).message).toContain("region ap-south-1");
	});

	test("an endpoint where nobody listens", async () => {
		const endpoint = `http://127.0.0.1:${await freePort()}`;
		const fake = await startFake();
		const error = await refusalOf(probe(targetOf(fake, { endpoint })));
		expect(error.message).toContain("cannot be reached");
	});

	test("a server without a Date", async () => {
		const fake = await startFake();
		fake.faults.add({ times: Number.POSITIVE_INFINITY, action: { kind: "no-date" } });
		expect((await refusalOf(probe(targetOf(fake)))).message).toContain("Date");
	});

	test("a clock that is too far off for signatures", async () => {
		const fake = await startFake();
		fake.clockOffsetMs = 60 * 60_000;
		const error = await refusalOf(probe(targetOf(fake)));
		expect(error.hint).toContain("clock");
	});

	test("a machine without credentials", async () => {
		const fake = await startFake();
		const credentials = async () => {
			throw new Error("no providers");
		};
		const error = await refusalOf(probe(targetOf(fake, { credentials })));
		expect(error.message).toContain("no AWS credentials");
	});

	test("a folder whose path leads through a file", async () => {
		await using directory = await temporaryDirectory();
		await writeFile(join(directory.path, "file"), "");
		const target = { kind: "filesystem" as const, directory: join(directory.path, "file", "data") };
		expect((await refusalOf(probe(target))).message).toContain("leads through a file");
	});

	const isRoot = process.getuid?.() === 0;
	if (isRoot) console.warn("SKIPPED: a folder that is not writable: root may write everywhere");
	test.skipIf(isRoot)("a folder that is not writable", async () => {
		await using directory = await temporaryDirectory();
		await chmod(directory.path, 0o500);
		const error = await refusalOf(probe({ kind: "filesystem", directory: directory.path }));
		expect(error.hint).toContain("permission");
	});

	test("settings that make no sense", async () => {
		const fake = await startFake();
		for (const changes of [
			{ bucket: "no/bucket" },
			{ prefix: "a//b" },
			{ endpoint: "ftp://x" },
			{ endpoint: "http://x/path" },
			{ region: "no region" },
		]) {
			await expect(openStore(targetOf(fake, changes), machineParts)).rejects.toMatchObject({
				code: "invalid_request",
			});
		}
	});
});

describe("s3rver, which ignores conditions", () => {
	const program = Bun.which("s3rver");
	if (program === null) console.warn("SKIPPED: the probe against s3rver: it is not on PATH");
	test.skipIf(program === null)(
		"is refused",
		async () => {
			await using directory = await temporaryDirectory();
			const port = await freePort();
			const process = Bun.spawn(
				[program ?? "", "-d", directory.path, "-p", String(port), "--configure-bucket", "bucket"],
				{ stdout: "ignore", stderr: "ignore" },
			);
			cleanups.push(async () => {
				process.kill();
				await process.exited;
			});
			const endpoint = `http://127.0.0.1:${port}`;
			await untilAnswers(endpoint, process, 20_000);
			const credentials = { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" };
			const target = { kind: "s3" as const, bucket: "bucket", prefix: "", endpoint, credentials };
			expect((await refusalOf(probe(target))).message).toContain("ignores create-if-absent");
		},
		30_000,
	);
});
