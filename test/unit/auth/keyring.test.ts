import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { Keyring } from "../../../src/auth/token/keyring.ts";
import { realClock } from "../../support/core.ts";
import { openServer, openShared, sharedOver } from "./identities.ts";

const day = 24 * 3_600_000;

function pem(type: "ed25519" | "x25519" = "ed25519"): string {
	const { privateKey } = generateKeyPairSync(type as "ed25519");
	return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

describe("keys", () => {
	test("servers of one store share the key that the first one made", async () => {
		const { shared } = openShared();
		const [a, b] = [await openServer(shared), await openServer(shared)];
		expect(a.keyring.kid).toBe(b.keyring.kid);
		const { token } = await a.signed.sign("access", "user:alice", 1000, {});
		expect((await b.signed.verify("access", token))?.sub).toBe("user:alice");
		expect(await b.keyring.publicKeys()).toEqual(await a.keyring.publicKeys());
		expect(a.keyring.installation).toBe(b.keyring.installation);
	});

	test("of servers that start at once on an empty store all use one key", async () => {
		const { store } = openShared();
		const shared = sharedOver(store, realClock);
		const servers = await Promise.all(Array.from({ length: 5 }, () => openServer(shared)));
		expect(new Set(servers.map((one) => one.keyring.kid)).size).toBe(1);
		const secrets = servers.map((one) => Buffer.from(one.keyring.secretFor("x")).toString("hex"));
		expect(new Set(secrets).size).toBe(1);
	});

	test("secrets differ by purpose and by store", async () => {
		const a = await openServer(openShared().shared);
		const b = await openServer(openShared().shared);
		const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
		expect(hex(a.keyring.secretFor("sts"))).not.toBe(hex(a.keyring.secretFor("signed-url")));
		expect(hex(a.keyring.secretFor("sts"))).not.toBe(hex(b.keyring.secretFor("sts")));
		expect(a.keyring.secretFor("sts").byteLength).toBe(32);
	});

	test("while servers change from one key to the next, each takes the other's tokens", async () => {
		const { shared, clock } = openShared();
		const old = await openServer(shared, { privateKey: { pem: pem(), kid: "v1" } });
		const before = await old.signed.sign("access", "user:alice", 3_600_000, {});
		const rolled = await openServer(shared, { privateKey: { pem: pem(), kid: "v2" } });
		expect((await rolled.signed.verify("access", before.token))?.sub).toBe("user:alice");
		const after = await rolled.signed.sign("access", "user:bob", 3_600_000, {});
		await clock.advance(2000);
		expect((await old.signed.verify("access", after.token))?.sub).toBe("user:bob");
		const kids = (await old.keyring.publicKeys()).map((key) => key.kid).sort();
		expect(kids).toEqual(["v1", "v2"]);
		expect((await rolled.keyring.publicKeys()).map((key) => key.kid).sort()).toEqual(kids);
	});

	test("a key that nobody signs with is published until its tokens have run out, and then no more", async () => {
		const { shared, clock } = openShared();
		await openServer(shared, { privateKey: { pem: pem(), kid: "v1" } });
		const rolled = await openServer(shared, { privateKey: { pem: pem(), kid: "v2" } });
		const published = async () => (await rolled.keyring.publicKeys()).map((key) => key.kid).sort();
		await clock.advance(29 * day);
		expect(await published()).toEqual(["v1", "v2"]);
		await clock.advance(4 * day);
		await rolled.signed.sign("access", "user:a", 1000, {});
		expect(await published()).toEqual(["v2"]);
		// Signing has entered the key again, so that it stays for other servers as well.
		const other = await openServer(shared, { privateKey: { pem: pem(), kid: "v3" } });
		expect((await other.keyring.publicKeys()).map((key) => key.kid).sort()).toEqual(["v2", "v3"]);
	});

	test("one key id with two keys refuses to start", async () => {
		const { shared } = openShared();
		await openServer(shared, { privateKey: { pem: pem(), kid: "v1" } });
		const again = openServer(shared, { privateKey: { pem: pem(), kid: "v1" } });
		await expect(again).rejects.toThrow('different key under the id "v1"');
	});

	test("the same key under the same id starts again, and adds nothing", async () => {
		const { shared, store } = openShared();
		const key = { pem: pem(), kid: "v1" };
		await openServer(shared, { privateKey: key });
		const before = await store.list({ prefix: "__opentaco/register/keys/", limit: 10 });
		await openServer(shared, { privateKey: key });
		const after = await store.list({ prefix: "__opentaco/register/keys/", limit: 10 });
		expect(after.blobs.length).toBe(before.blobs.length);
	});

	test.each([
		["no PEM", "nonsense"],
		["another kind of key", pem("x25519")],
		[
			"an RSA key",
			generateKeyPairSync("rsa", { modulusLength: 2048 })
				.privateKey.export({ type: "pkcs8", format: "pem" })
				.toString(),
		],
	])("%s refuses to start and is not shown", async (_name, text) => {
		const { shared } = openShared();
		const opening = Keyring.open(shared, { privateKey: { pem: text, kid: "k" }, tokenMsMax: day });
		await expect(opening).rejects.toThrow("Failed to create JWT signer");
		await opening.catch((error) => expect(String(error)).not.toContain(text.slice(30, 60) || text));
	});

	test("a key id with strange characters refuses to start", async () => {
		const { shared } = openShared();
		const opening = openServer(shared, { privateKey: { pem: pem(), kid: "a b" } });
		await expect(opening).rejects.toThrow("OPENTACO_TOKENS_KID");
	});

	test("a private key from a file is not stored", async () => {
		const { shared, store } = openShared();
		const { privateKey } = generateKeyPairSync("ed25519");
		const text = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
		await openServer(shared, { privateKey: { pem: text, kid: "v1" } });
		const d = privateKey.export({ format: "jwk" }).d ?? "";
		const { blobs } = await store.list({ prefix: "", limit: 1000 });
		for (const { key } of blobs) {
			const found = await store.get(key);
			if (found.found) expect(Buffer.from(found.bytes).toString("utf8")).not.toContain(d);
		}
	});
});
