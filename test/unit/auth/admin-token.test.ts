import { describe, expect, test } from "bun:test";
import {
	type AdminTokenRegister,
	ensureAdminToken,
	matchesHash,
	parseAdminTokenEntry,
	type TokenDelivery,
} from "../../../src/auth/admin-token.ts";
import { ChosenTokenVerifier, RegisterTokenVerifier } from "../../../src/auth/admin-verifier.ts";
import { DomainError, isDomainError } from "../../../src/core/errors.ts";
import type { BlobStore } from "../../../src/core/ports/blob-store.ts";
import { tokenRegister } from "../../../src/server/admin-access.ts";
import { systemClock, systemRandom } from "../../../src/server/machine.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";

const parts = { clock: systemClock, random: systemRandom };

function recording() {
	const steps: string[] = [];
	let kept: string | null = null;
	const delivery: TokenDelivery = {
		async prepare() {
			steps.push("prepare");
		},
		async keep(token) {
			steps.push("keep");
			kept = token;
		},
		async discard() {
			steps.push("discard");
		},
		async recover() {
			steps.push("recover");
		},
	};
	return { delivery, steps, kept: () => kept };
}

function start(store: BlobStore, isReset = false) {
	const own = recording();
	const register = tokenRegister(parts, store);
	const started = ensureAdminToken(register, parts, { isReset, delivery: own.delivery });
	return { ...own, register, started };
}

async function bytesOf(store: BlobStore): Promise<string> {
	const page = await store.list({ prefix: "", limit: 1000 });
	const all = await Promise.all(page.blobs.map(async ({ key }) => store.get(key)));
	return all.map((blob) => (blob.found ? new TextDecoder().decode(blob.bytes) : "")).join("\n");
}

describe("the admin token", () => {
	test("is made at the first start, and only its hash is stored", async () => {
		const store = new MemoryStore(systemClock);
		const first = start(store);
		await first.started;
		const token = first.kept() ?? "";
		expect(token).toMatch(/^otc_admin_[A-Za-z0-9_-]{43}$/);
		expect(first.steps).toEqual(["prepare", "keep"]);
		const stored = await bytesOf(store);
		expect(stored).not.toContain(token);
		expect(stored).not.toContain(token.slice("otc_admin_".length));
		const verifier = new RegisterTokenVerifier(first.register);
		expect(await verifier.verify(token)).toMatchObject({
			id: "admin",
			credentialKind: "admin-token",
		});
		expect(await verifier.verify(`${token}x`)).toBeNull();
		expect(await verifier.verify("")).toBeNull();
	});

	test("stays at the next start", async () => {
		const store = new MemoryStore(systemClock);
		const first = start(store);
		await first.started;
		const second = start(store);
		await second.started;
		expect(second.steps).toEqual(["recover"]);
		const verifier = new RegisterTokenVerifier(second.register);
		expect(await verifier.verify(first.kept() ?? "")).not.toBeNull();
	});

	test("of first starts at once has one winner; the others keep nothing", async () => {
		const store = new MemoryStore(systemClock);
		const starts = Array.from({ length: 8 }, () => start(store));
		await Promise.all(starts.map(({ started }) => started));
		const winners = starts.filter(({ steps }) => steps.includes("keep"));
		expect(winners).toHaveLength(1);
		for (const { steps, register } of starts) {
			if (!steps.includes("keep")) expect(["prepare,discard", "recover"]).toContain(steps.join());
			const verifier = new RegisterTokenVerifier(register);
			expect(await verifier.verify(winners[0]?.kept() ?? "")).not.toBeNull();
		}
	});

	test("is replaced by a reset, of which one wins as well", async () => {
		const store = new MemoryStore(systemClock);
		const first = start(store);
		await first.started;
		const resets = [start(store, true), start(store, true)];
		await Promise.all(resets.map(({ started }) => started));
		const winners = resets.filter(({ steps }) => steps.includes("keep"));
		expect(winners.length).toBeGreaterThanOrEqual(1);
		const { value } = { value: await tokenRegister(parts, store).read(0) };
		const counting = winners.filter((one) => matchesHash(one.kept() ?? "", value?.sha256 ?? ""));
		expect(counting).toHaveLength(1);
		expect(matchesHash(first.kept() ?? "", value?.sha256 ?? "")).toBe(false);
	});

	test("needs somebody to be told", async () => {
		const store = new MemoryStore(systemClock);
		const refused = ensureAdminToken(tokenRegister(parts, store), parts, {
			isReset: false,
			delivery: null,
		});
		expect(refused).rejects.toThrow("there is no admin token yet");
		await refused.catch(() => undefined);
		expect(await bytesOf(store)).toBe("");
	});

	for (const [code, expected] of [
		["storage_unavailable", ["prepare", "discard"]],
		["outcome_unknown", ["prepare"]],
	] as const) {
		test(`is ${expected.includes("discard" as never) ? "discarded" : "not lost"} on ${code}`, async () => {
			const own = recording();
			const register: AdminTokenRegister = {
				read: async () => null,
				replace: async () => {
					throw new DomainError(code, "x");
				},
			};
			const failed = await ensureAdminToken(register, parts, {
				isReset: false,
				delivery: own.delivery,
			}).catch((error: unknown) => error);
			expect(isDomainError(failed, code)).toBe(true);
			expect(own.steps).toEqual([...expected]);
		});
	}
});

test("a register that is damaged is an error, never an open door", () => {
	for (const value of [
		null,
		{},
		{ sha256: "", created: "x", nonce: "a" },
		"x",
		{ sha256: "0".repeat(64) },
	]) {
		expect(() => parseAdminTokenEntry(value)).toThrow(DomainError);
	}
});

test("a verifier whose register cannot be read fails and does not refuse", async () => {
	const verifier = new RegisterTokenVerifier({
		read: async () => {
			throw new DomainError("storage_unavailable", "x");
		},
		replace: async (entry) => entry,
	});
	expect(verifier.verify("anything-at-all")).rejects.toThrow(DomainError);
});

test("a token of the operator is the same login for as long as it is the same", async () => {
	const token = "chosen-by-the-operator";
	const [one, two] = [new ChosenTokenVerifier(token), new ChosenTokenVerifier(token)];
	const principal = await one.verify(token);
	expect(principal?.loginId).toMatch(/^[0-9a-f]{16}$/);
	expect(await two.verify(token)).toEqual(principal);
	expect(await two.verify(token.toUpperCase())).toBeNull();
});
