import { expect, test } from "bun:test";
import type { Clock } from "../../../src/core/ports/clock.ts";
import { readServerConfig } from "../../../src/server/config.ts";
import { stsKeysOf } from "../../../src/server/sts-keys.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";
import { realClock, realRandom } from "../../support/core.ts";

const secret = Buffer.alloc(32, 7).toString("base64url");
const base = { OPENTACO_STORAGE: "memory", OPENTACO_ADMIN_TOKEN: "0123456789abcdef" };

function config(environment: Record<string, string>) {
	return readServerConfig([], { ...base, ...environment }).sts;
}

test("servers that need a key at once agree on one, and find it", async () => {
	const store = new MemoryStore(realClock);
	let now = 0;
	const clock: Clock = { ...realClock, monotonic: () => now };
	const parts = { clock, random: realRandom };
	const servers = Array.from({ length: 4 }, () => stsKeysOf(config({}), parts, store));
	const late = stsKeysOf(config({}), parts, store);
	expect(await late.find("none")).toBeNull();
	const made = await Promise.all(servers.map((keys) => keys.current()));
	expect(new Set(made.map((key) => key.kid)).size).toBe(1);
	const kid = made[0]?.kid ?? "";
	expect(made[0]?.secret.length).toBe(32);
	now += 1500;
	expect((await late.find(kid))?.secret).toEqual(made[0]?.secret as Uint8Array);
	const restarted = stsKeysOf(config({}), parts, store);
	expect((await restarted.current()).kid).toBe(kid);
	expect(await restarted.find("other")).toBeNull();
});

test("keys that the operator chose", async () => {
	const chosen = config({
		OPENTACO_STS_KID: "b",
		OPENTACO_STS_HMAC_a: Buffer.alloc(32, 1).toString("base64url"),
		OPENTACO_STS_HMAC_b: secret,
	});
	const keys = stsKeysOf(
		chosen,
		{ clock: realClock, random: realRandom },
		new MemoryStore(realClock),
	);
	expect((await keys.current()).kid).toBe("b");
	expect((await keys.find("a"))?.secret[0]).toBe(1);
	expect((await keys.find("b"))?.secret[0]).toBe(7);
	expect(await keys.find("PATH")).toBeNull();
});

test("settings that cannot be used", () => {
	expect(config({}).ttlMs).toBe(15 * 60_000);
	expect(config({ OPENTACO_STS_TTL: "1h" }).ttlMs).toBe(3_600_000);
	const wrong: Record<string, string>[] = [
		{ OPENTACO_STS_TTL: "2h" },
		{ OPENTACO_STS_TTL: "15" },
		{ OPENTACO_STS_TTL: "0s" },
		{ OPENTACO_STS_KID: "a" },
		{ OPENTACO_STS_KID: "a", OPENTACO_STS_HMAC_a: "short" },
		{ OPENTACO_STS_KID: "a", OPENTACO_STS_HMAC_a: `${secret}=` },
		{ OPENTACO_STS_KID: "a", OPENTACO_STS_HMAC_a: secret, "OPENTACO_STS_HMAC_b/c": secret },
	];
	for (const environment of wrong) {
		expect(() => config(environment)).toThrow("OPENTACO_STS");
	}
	expect(() => config({ OPENTACO_STS_KID: "a", OPENTACO_STS_HMAC_a: "short" })).not.toThrow(
		"short",
	);
});
