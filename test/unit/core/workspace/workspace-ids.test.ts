/** Units found by their workspaces' ids, also at a server that has never heard of them. */
import { describe, expect, test } from "bun:test";
import { type Core, createCore } from "../../../../src/core/core.ts";
import type { BlobStore } from "../../../../src/core/ports/blob-store.ts";
import { silentLog } from "../../../../src/core/ports/log.ts";
import { silentMetrics } from "../../../../src/core/ports/metrics.ts";
import type { Caller } from "../../../../src/core/principal.ts";
import { logRoot } from "../../../../src/core/unit/keys.ts";
import { parseUnitId } from "../../../../src/core/unit/unit-id.ts";
import { MemoryStore } from "../../../../src/storage/memory.ts";
import { realClock, realRandom, testSettings } from "../../../support/core.ts";
import { FaultStore, type StoreCall } from "../../../support/fault-store.ts";
import { workspaceId } from "../../../support/workspace-id.ts";

const unit = parseUnitId("myapp/prod");
const admin: Caller = {
	principal: { id: "admin", credentialKind: "admin-token", loginId: "t" },
	surface: "tfe",
	requestId: "r",
};

function serverOn(store: BlobStore): Core {
	return createCore({
		...{ store, clock: realClock, random: realRandom, log: silentLog },
		...{ metrics: silentMetrics, settings: testSettings },
	});
}

function isListing({ operation }: StoreCall): boolean {
	return operation === "list";
}

describe("a workspace's id", () => {
	test("is one that the vendor's provider takes, and another one in each organization", () => {
		const ids = ["default", "acme", "beta"].map((name) => workspaceId("myapp/prod", name));
		for (const id of ids) expect(id).toMatch(/^ws-[a-zA-Z0-9]{16}$/);
		expect(new Set(ids).size).toBe(3);
		expect(serverOn(new MemoryStore(realClock)).workspaceIds.idOf(unit)).toBe(ids[0] ?? "");
	});

	test("stays the same from version to version of this program", () => {
		expect(workspaceId("myapp/prod")).toBe("ws-1SuDdKF2vFSjJoCJ");
		expect(workspaceId("myapp/prod", "acme")).toBe("ws-zp4wdFCoPr4PVsMx");
	});

	test("leads to a unit that another server has just made", async () => {
		const store = new MemoryStore(realClock);
		const [a, b] = [serverOn(store), serverOn(store)];
		for (const name of ["one", "two", "three"]) {
			const made = parseUnitId(name);
			await a.units.create(admin, made);
			expect(await b.workspaceIds.unitOf(workspaceId(name))).toBe(made);
		}
	});

	test("leads to a state that was there before this program", async () => {
		const store = new MemoryStore(realClock);
		await store.put("old/app/terraform.tfstate", new TextEncoder().encode("{}"));
		const { workspaceIds } = serverOn(store);
		expect(await workspaceIds.unitOf(workspaceId("old/app"))).toBe(parseUnitId("old/app"));
	});

	test("that was given out leads back without the store", async () => {
		let calls = 0;
		const store = new FaultStore(new MemoryStore(realClock), () => {
			calls += 1;
			return null;
		});
		const { workspaceIds } = serverOn(store);
		expect(await workspaceIds.unitOf(workspaceIds.idOf(unit))).toBe(unit);
		expect(calls).toBe(0);
	});

	test("of another form or organization is not looked for", async () => {
		let calls = 0;
		const store = new FaultStore(new MemoryStore(realClock), () => {
			calls += 1;
			return null;
		});
		const { workspaceIds } = serverOn(store);
		for (const id of ["", "ws-", "ws-myapp__prod", workspaceId("myapp/prod", "acme")]) {
			expect(workspaceIds.unitOf(id)).rejects.toMatchObject({ code: "unit_not_found" });
		}
		expect(calls).toBe(0);
	});

	test("is not told to be nobody's when the store cannot tell", async () => {
		const store = new FaultStore(new MemoryStore(realClock), (call) =>
			isListing(call) ? { kind: "before", error: "unavailable" } : null,
		);
		const { workspaceIds } = serverOn(store);
		expect(workspaceIds.unitOf(workspaceId("myapp/prod"))).rejects.toMatchObject({
			code: "storage_unavailable",
		});
	});

	test("that many ask for at once costs one look more than the one under way", async () => {
		const inner = new MemoryStore(realClock);
		const listed: string[] = [];
		const begun = Promise.withResolvers<void>();
		const store = new FaultStore(inner, (call) => {
			if (isListing(call)) listed.push(call.key);
			begun.resolve();
			return null;
		});
		const { workspaceIds } = serverOn(store);
		await serverOn(inner).units.create(admin, unit);
		const first = workspaceIds.unitOf(workspaceId("myapp/prod"));
		await begun.promise;
		const others = Array.from({ length: 50 }, (_, at) =>
			workspaceIds.unitOf(workspaceId(`none/${at}`)).catch(() => null),
		);
		expect(await first).toBe(unit);
		await Promise.all(others);
		// The logs twice, and for those who have none what lies there without one.
		expect(listed).toEqual([logRoot, logRoot, ""]);
	});
});
