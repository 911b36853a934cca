/** Sealed values: opened with the right key for the right variable only, over a change of keys too. */

import { describe, expect, test } from "bun:test";
import { rootOrganization } from "../../../src/core/organization/organization.ts";
import { decideAdminOnly, Gate } from "../../../src/core/rbac/grant.ts";
import { VariableDocuments } from "../../../src/core/variable/documents.ts";
import { SecretBox } from "../../../src/core/variable/secret-box.ts";
import {
	type SecretKey,
	SecretKeys,
	secretKeyFrom,
} from "../../../src/core/variable/secret-keys.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";
import { realClock, realRandom, testSettings } from "../../support/core.ts";

const { headAgeMaxMs, actDeadlineMs } = testSettings;

function sharedDeps() {
	const store = new MemoryStore(realClock);
	const organization = rootOrganization();
	return { store, organization, clock: realClock, random: realRandom, headAgeMaxMs, actDeadlineMs };
}

const one = secretKeyFrom("a secret of the operator, 32 characters long");
const two = secretKeyFrom("another secret of the operator, long enough");

function documentsOf(deps: ReturnType<typeof sharedDeps>, keys: readonly SecretKey[]) {
	const box = new SecretBox(new SecretKeys(deps, keys), realRandom);
	return { documents: new VariableDocuments(deps, box) };
}

function grantFor() {
	const principal = { id: "admin", credentialKind: "admin-token", loginId: "l" } as const;
	const caller = { principal, surface: "management", requestId: "r" } as const;
	return new Gate(decideAdminOnly).authorize(caller, "unit.write-variables", "a");
}

describe("a sealed text", () => {
	test("opens for what it was sealed for, and for nothing else", async () => {
		const box = new SecretBox(new SecretKeys(sharedDeps(), [one]), realRandom);
		const { seal } = await box.sealer();
		const sealed = seal("s3cret ü", "variables-a var-1");
		expect(JSON.stringify(sealed)).not.toContain("s3cret");
		expect(await box.open(sealed, "variables-a var-1")).toBe("s3cret ü");
		await expect(box.open(sealed, "variables-a var-2")).rejects.toMatchObject({
			code: "storage_corrupt",
		});
		const data = Buffer.from(sealed.data, "base64");
		data[0] = (data[0] ?? 0) ^ 1;
		const altered = { ...sealed, data: data.toString("base64") };
		await expect(box.open(altered, "variables-a var-1")).rejects.toMatchObject({
			code: "storage_corrupt",
		});
	});

	test("is never the same twice", async () => {
		const box = new SecretBox(new SecretKeys(sharedDeps(), [one]), realRandom);
		const { seal } = await box.sealer();
		expect(seal("x", "c").data).not.toBe(seal("x", "c").data);
	});

	test("opens after a change of the key as long as the old one is named", async () => {
		const deps = sharedDeps();
		const { seal } = await new SecretBox(new SecretKeys(deps, [one]), realRandom).sealer();
		const sealed = seal("x", "c");
		const both = new SecretBox(new SecretKeys(deps, [two, one]), realRandom);
		expect(await both.open(sealed, "c")).toBe("x");
		expect((await both.sealer()).keyId).toBe(two.id);
		const alone = new SecretBox(new SecretKeys(deps, [two]), realRandom);
		await expect(alone.open(sealed, "c")).rejects.toMatchObject({ code: "storage_corrupt" });
	});

	test("opens on another server when the store has the key, also under a chosen one", async () => {
		const deps = sharedDeps();
		const boxes = [0, 1].map(() => new SecretBox(new SecretKeys(deps, []), realRandom));
		const keys = await Promise.all(boxes.map(async (box) => (await box.sealer()).keyId));
		expect(keys[0]).toBe(keys[1] ?? "");
		const { seal } = (await boxes[0]?.sealer()) ?? {};
		const sealed = seal?.("x", "c") ?? { key: "", nonce: "", data: "" };
		expect(await boxes[1]?.open(sealed, "c")).toBe("x");
		expect(await new SecretBox(new SecretKeys(deps, [one]), realRandom).open(sealed, "c")).toBe(
			"x",
		);
	});
});

test("what was sealed with an earlier key is sealed anew, and needs that one no more", async () => {
	const deps = sharedDeps();
	const open = (keys: Parameters<typeof documentsOf>[1]) => documentsOf(deps, keys);
	const grant = await grantFor();
	const place = { register: "variables-a", life: "1", owner: "a" };
	const input = { category: "env", isHcl: false, isSensitive: true, description: "" } as const;
	const { documents } = open([one]);
	await documents.add(grant, place, { ...input, key: "A", value: "s3cret" });
	await documents.add(grant, place, { ...input, key: "B", value: "open", isSensitive: false });
	const both = open([two, one]);
	expect(await both.documents.registers()).toEqual(["variables-a"]);
	expect(await both.documents.reseal(grant, "variables-a")).toBe(1);
	expect(await both.documents.reseal(grant, "variables-a")).toBe(0);
	expect(await open([two]).documents.reseal(grant, "variables-a")).toBe(0);
	await expect(open([one]).documents.reseal(grant, "variables-a")).rejects.toMatchObject({
		code: "storage_corrupt",
	});
	expect((await both.documents.read(place)).map(({ value }) => value)).toEqual([null, "open"]);
});

test("several changes happen together or not at all", async () => {
	const deps = sharedDeps();
	const { documents } = documentsOf(deps, [one]);
	const grant = await grantFor();
	const place = { register: "variables-a", life: "1", owner: "a" };
	const input = {
		value: "",
		category: "env",
		isHcl: false,
		isSensitive: false,
		description: "",
	} as const;
	const ids = [];
	for (const key of ["A", "B"]) ids.push((await documents.add(grant, place, { ...input, key })).id);
	const [a = "", b = ""] = ids;
	const refused = documents.change(grant, place, [
		{ id: a, change: { value: "1" } },
		{ id: b, change: { key: "A" } },
	]);
	await expect(refused).rejects.toMatchObject({ code: "conflict" });
	expect((await documents.read(place)).map(({ value }) => value)).toEqual(["", ""]);
	await documents.change(grant, place, [
		{ id: a, change: { key: "B" } },
		{ id: b, change: { key: "A" } },
	]);
	expect((await documents.read(place)).map(({ key }) => key)).toEqual(["B", "A"]);
	expect(await documents.read({ ...place, life: "2" })).toEqual([]);
});
