/** When live values are written into the system unit's state, and when they wait. */
import { beforeEach, describe, expect, test } from "bun:test";
import { DomainError } from "../../../../src/core/errors.ts";
import { limits } from "../../../../src/core/limits.ts";
import { systemUnitId } from "../../../../src/core/unit/unit-id.ts";
import {
	alice,
	edgeState,
	lockInfo,
	pending,
	SystemUnitBench,
	shownState,
} from "../../../support/system-unit.ts";

const id = systemUnitId;
let bench: SystemUnitBench;

beforeEach(async () => {
	bench = new SystemUnitBench();
	await bench.create();
});

describe("live values wait", () => {
	test("while the unit is locked, and come with the unlock", async () => {
		await bench.write(edgeState(1));
		await bench.core.locks.lock(alice, id, lockInfo("l"), { autoCreate: false });
		await bench.core.tasks.idle();
		bench.digest = "d1";
		expect(await bench.refresh()).toBe("locked");
		await bench.write(edgeState(2), "l");
		bench.core.parts.systemState.request();
		await bench.core.tasks.idle();
		expect(await bench.read()).toBe(edgeState(2));
		await bench.core.locks.unlock(alice, id, "l");
		await bench.core.tasks.idle();
		expect(await bench.read()).toBe(shownState(2, "d1"));
	});

	test("for a state", async () => {
		bench.digest = "d1";
		expect(await bench.refresh()).toBe("nothing");
		await bench.write(edgeState(1));
		await bench.core.tasks.idle();
		expect(await bench.read()).toBe(shownState(1, "d1"));
	});

	test("for ever where the state is encrypted, or too large", async () => {
		bench.digest = "d1";
		const padding = "x".repeat(limits.systemStateBytesMax);
		await bench.write(edgeState(1).replace('"outputs"', `"padding": "${padding}", "outputs"`));
		expect(await bench.refresh()).toBe("too-large");
		await bench.core.units.delete(alice, id, { force: true });
		await bench.core.units.create(alice, id, { labels: {} });
		await bench.write(
			'{"meta":{},"encrypted_data":"x","encryption_version":"v0","serial":1,"lineage":"l"}',
		);
		expect(await bench.refresh()).toBe("nothing");
	});
});

test("a server that lags behind makes certain before it changes what is shown", async () => {
	await bench.write(edgeState(1));
	await bench.core.tasks.idle();
	bench.digest = "new";
	await bench.refresh();
	const asked: number[] = [];
	const lagging = bench.open(async (certain) => {
		asked.push(certain.length);
		return () => pending(certain.length > 0 ? "new" : "old");
	});
	expect(await lagging.parts.systemState.refresh()).toBe("unchanged");
	expect(asked).toEqual([0, 1]);
	expect(await bench.read()).toBe(shownState(1, "new"));
});

test("many changes at once are written once", async () => {
	await bench.write(edgeState(1));
	await bench.core.tasks.idle();
	const { generation } = await bench.head();
	for (const value of ["d1", "d2", "d3"]) {
		bench.digest = value;
		bench.core.parts.systemState.request();
	}
	await bench.core.tasks.idle();
	expect(await bench.read()).toBe(shownState(1, "d3"));
	expect((await bench.head()).generation).toBe(generation + 1);
});

test("a failure is made up for by the next sweep", async () => {
	await bench.write(edgeState(1));
	await bench.core.tasks.idle();
	let fails = true;
	bench.core.parts.systemState.useLiveValues(async () => {
		if (fails) throw new DomainError("storage_unavailable", "the store is away");
		return () => pending("d1");
	});
	bench.core.parts.systemState.request();
	await bench.core.tasks.idle();
	expect(await bench.read()).toBe(edgeState(1));
	fails = false;
	await bench.core.parts.sweeper.sweep(new AbortController().signal);
	await bench.core.tasks.idle();
	expect(await bench.read()).toBe(shownState(1, "d1"));
});
