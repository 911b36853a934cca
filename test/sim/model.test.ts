import { describe, expect, test } from "bun:test";
import { allRules, type Bounds, checkModel, type Rules } from "./model.ts";

const apply = ["lock", "write", "unlock"] as const;
const pair: Bounds = { programs: [apply, apply], faults: 2 };
const trio: Bounds = { programs: [apply, ["lock", "write"], ["force"]], faults: 2 };
const forced: Bounds = { programs: [apply, ["force", "lock", "write"]], faults: 2 };

const copied: Bounds = { programs: [apply, ["lock"], ["lock"]], lockIds: [0, 1, 0], faults: 2 };

describe("the bounded model", () => {
	test.each([
		["two applies, two faults", pair],
		["two clients and somebody who forces, two faults", trio],
		["an apply, another lock, and a late copy of the first, two faults", copied],
		["an apply and one that forces its way, two faults", forced],
	])("holds in every interleaving: %s", (name, bounds) => {
		const { states, broken } = checkModel(bounds);
		console.log(`${name}: ${states} states`);
		expect(broken).toBeNull();
		expect(states).toBeGreaterThan(1000);
	});

	test.each<[keyof Rules, Bounds]>([
		["readsBack", forced],
		["reportsUnknown", pair],
		["keepsNonce", forced],
		["remembersReleased", copied],
		["checksClaim", forced],
	])("breaks without the rule %s", (rule, bounds) => {
		const { broken } = checkModel(bounds, { ...allRules, [rule]: false });
		expect(broken).not.toBeNull();
		console.log(`without ${rule}: ${broken?.what}, in ${broken?.path.length} steps`);
	});
});
