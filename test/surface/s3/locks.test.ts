import { afterEach, beforeEach, expect, test } from "bun:test";
import {
	DeleteObjectCommand,
	GetObjectCommand,
	HeadObjectCommand,
	PutObjectCommand,
	type S3Client,
} from "@aws-sdk/client-s3";
import { parseUnitId } from "../../../src/core/unit/unit-id.ts";
import { caller, type Harness, lockText, openHarness, stateText } from "./harness.ts";

const Bucket = "opentaco";
const Key = "app/terraform.tfstate";
const id = parseUnitId("app");
let harness: Harness;
let alice: S3Client;
let bob: S3Client;

beforeEach(async () => {
	harness = await openHarness();
	alice = await harness.client("alice");
	bob = await harness.client("bob");
});
afterEach(() => harness.close());

const lock = (client: S3Client, lockId: string, more: object = { IfNoneMatch: "*" }) =>
	client.send(
		new PutObjectCommand({ Bucket, Key: `${Key}.tflock`, Body: lockText(lockId), ...more }),
	);
const unlock = (client: S3Client, end = ".tflock") =>
	client.send(new DeleteObjectCommand({ Bucket, Key: `${Key}${end}` }));
const write = (client: S3Client, serial: number) =>
	client.send(new PutObjectCommand({ Bucket, Key, Body: stateText(serial) }));
const holder = async (client: S3Client, end = ".tflock") => {
	const answer = await client.send(new GetObjectCommand({ Bucket, Key: `${Key}${end}` }));
	return await answer.Body?.transformToString();
};

async function failure(work: Promise<unknown>): Promise<string> {
	try {
		await work;
		return "ok";
	} catch (error) {
		const { name, message, $metadata } = error as {
			name: string;
			message: string;
			$metadata: { httpStatusCode: number };
		};
		return `${$metadata?.httpStatusCode} ${name}: ${message}`;
	}
}

test("a lock blocks others, and shows who holds it", async () => {
	await lock(alice, "lock-1");
	const unit = await harness.core.units.get(caller("carol"), id);
	expect(unit.lock).toMatchObject({ principal: "alice", surface: "s3", info: { ID: "lock-1" } });
	const refused = await failure(lock(bob, "lock-2"));
	expect(refused).toStartWith("412 PreconditionFailed");
	expect(refused).toContain("alice@laptop as alice");
	for (const end of [".tflock", ".lock"]) expect(await holder(bob, end)).toBe(lockText("lock-1"));
	await alice.send(new HeadObjectCommand({ Bucket, Key: `${Key}.tflock` }));
	expect(await failure(write(bob, 1))).toStartWith("412 PreconditionFailed");
	expect(await failure(bob.send(new DeleteObjectCommand({ Bucket, Key })))).toStartWith("412");
	await write(alice, 1);
	await unlock(alice);
	expect(await failure(holder(alice))).toStartWith("404 NoSuchKey");
	await unlock(alice);
	await write(bob, 2);
});

test("a lock is taken without If-None-Match as well, and only once", async () => {
	await lock(alice, "lock-1", {});
	expect(await failure(lock(bob, "lock-2", {}))).toStartWith("412");
	expect(await failure(lock(alice, "lock-2", {}))).toStartWith("412");
});

test("of many only one gets it", async () => {
	const all = await Promise.all(
		Array.from({ length: 10 }, (_, n) => failure(lock(n % 2 === 0 ? alice : bob, `lock-${n}`))),
	);
	expect(all.filter((one) => one === "ok")).toHaveLength(1);
});

test("a lost answer: the same lock put again is a success", async () => {
	await lock(alice, "lock-1");
	await lock(alice, "lock-1");
	expect(await failure(lock(bob, "lock-1"))).toStartWith("412");
	await unlock(alice);
	// A late duplicate must not lock the unit for nobody.
	expect(await failure(lock(alice, "lock-1"))).toStartWith("412");
});

test("the login counts, not the credentials that are derived from it", async () => {
	await lock(alice, "lock-1");
	const renewed = await harness.client("alice");
	await write(renewed, 1);
	const otherLogin = await harness.client("alice", { loginId: "another" });
	expect(await failure(write(otherLogin, 2))).toStartWith("412");
	expect(await failure(unlock(otherLogin))).toStartWith("403 AccessDenied");
	await unlock(renewed);
	await write(otherLogin, 2);
});

test("only the holder releases, or who may force", async () => {
	await lock(alice, "lock-1");
	const refused = await failure(unlock(bob));
	expect(refused).toStartWith("403 AccessDenied");
	expect(refused).toContain("alice");
	expect(await failure(unlock(bob, ".lock"))).toStartWith("403");
	const admin = await harness.client("admin");
	await unlock(admin);
	expect((await harness.core.units.get(caller("carol"), id)).lock).toBeNull();
});

test("a lock of another surface blocks, is shown, and never matches", async () => {
	const http = caller("alice", "http-backend");
	const info = JSON.parse(lockText("http-1"));
	await harness.core.locks.lock(http, id, { ...info, Path: "" }, { autoCreate: true });
	expect(await failure(write(alice, 1))).toStartWith("412");
	const refused = await failure(lock(alice, "lock-2"));
	expect(refused).toStartWith("412");
	expect(refused).toContain("over the HTTP backend");
	const shown = JSON.parse((await holder(alice)) ?? "");
	expect(shown).toMatchObject({ ID: "http-1", Who: "alice@laptop", Path: `opentaco/${Key}` });
	expect(await failure(unlock(alice))).toStartWith("403");
	await harness.core.locks.unlock(http, id, "http-1");
	await write(alice, 1);
});

test("a lock with little in it is shown so that Terraform can read it", async () => {
	const cli = caller("carol", "management");
	await harness.core.locks.lock(cli, id, { ID: "cli-1" }, { autoCreate: true });
	const shown = JSON.parse((await holder(alice)) ?? "");
	expect(shown).toMatchObject({ ID: "cli-1", Who: "carol", Path: `opentaco/${Key}` });
	expect(Date.parse(shown.Created)).toBeGreaterThan(0);
	expect(shown.Info).toContain("management API");
});

test("an S3 lock blocks the HTTP backend, and names its holder there", async () => {
	await lock(alice, "lock-1");
	const http = caller("alice", "http-backend");
	const other = harness.core.locks.lock(http, id, { ID: "h" }, { autoCreate: true });
	await expect(other).rejects.toThrow("over the S3 endpoint");
	const writing = harness.core.states.write(http, id, {
		body: Buffer.from(stateText(1)),
		lockId: null,
		md5: null,
		force: false,
		autoCreate: true,
	});
	await expect(writing).rejects.toMatchObject({ code: "locked" });
});

test("what is no lock is refused", async () => {
	for (const Body of ["", "{}", "[]", "null", '{"ID":""}', '{"ID":5}', "x".repeat(20_000)]) {
		const put = alice.send(new PutObjectCommand({ Bucket, Key: `${Key}.tflock`, Body }));
		expect(await failure(put)).toStartWith("400");
	}
});

test("a repeated delete does not release the next holder's lock", async () => {
	await lock(alice, "lock-1");
	alice.middlewareStack.addRelativeTo(
		((next: (input: unknown) => Promise<unknown>) => async (input: unknown) => {
			const { headers } = (input as { request: { headers: Record<string, string> } }).request;
			headers["amz-sdk-invocation-id"] = "the-same-for-all-attempts";
			return await next(input);
		}) as never,
		{ relation: "after", toMiddleware: "retryMiddleware", name: "fixedInvocation" },
	);
	await unlock(alice);
	await lock(alice, "lock-2");
	await unlock(alice);
	expect(await holder(alice)).toBe(lockText("lock-2"));
});
