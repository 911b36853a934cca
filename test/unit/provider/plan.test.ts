import { describe, expect, test } from "bun:test";
import {
	providerReference,
	providerReferencePath,
} from "../../../scripts/generate-provider-docs.ts";
import { applied, planChange, refreshed } from "../../../src/provider/plugin/change.ts";
import { type Attributes, objectOf } from "../../../src/provider/plugin/schema.ts";
import { known, type Value, type ValueMap } from "../../../src/provider/plugin/value.ts";
import { unknown } from "../../../src/provider/wire/msgpack.ts";

const attributes: Attributes = {
	id: { type: "string", mode: "required", replaces: true, description: "" },
	labels: { type: ["map", "string"], mode: "optional", description: "" },
	name: { type: "string", mode: "optional-computed", description: "" },
	made: { type: "string", mode: "computed", description: "" },
};
const value = (given: object): ValueMap => ({
	...{ id: "a", labels: null, name: null, made: null },
	...given,
});

describe("planning", () => {
	test("what the provider decides is unknown for a new resource, and only that", () => {
		const config = value({});
		expect(planChange(attributes, null, config, config)).toEqual({
			planned: { id: "a", labels: null, name: unknown, made: unknown },
			replaces: [],
		});
		const named = value({ name: "n" });
		expect(planChange(attributes, null, named, named).planned?.name).toBe("n");
	});

	test("a change in place keeps what was decided", () => {
		const prior = value({ name: "n", made: "m" });
		const proposed = value({ name: "n", made: "m", labels: { a: "b" } });
		const { planned, replaces } = planChange(attributes, prior, proposed, value({}));
		expect(planned).toEqual(proposed);
		expect(replaces).toEqual([]);
	});

	test("a new id replaces, an id that is not known yet as well, and decides anew", () => {
		const prior = value({ name: "n", made: "m" });
		for (const id of ["b", unknown]) {
			const proposed = value({ id, name: "n", made: "m" });
			const { planned, replaces } = planChange(attributes, prior, proposed, value({ id }));
			expect(replaces).toEqual(["id"]);
			expect(planned).toEqual(value({ id, name: unknown, made: unknown }));
		}
	});

	test("destroying plans nothing", () => {
		expect(planChange(attributes, value({}), null, null)).toEqual({ planned: null, replaces: [] });
	});
});

describe("an object of attributes", () => {
	const inner: Attributes = {
		mode: { type: "string", mode: "optional-computed", description: "" },
		flag: { type: "bool", mode: "optional-computed", description: "" },
	};
	const outer: Attributes = {
		id: { type: "string", mode: "required", replaces: true, description: "" },
		set: { type: objectOf(inner), nested: inner, mode: "optional-computed", description: "" },
	};
	const of = (set: Value): ValueMap => ({ id: "a", set });

	test("is unknown in the parts that are left out of a new one", () => {
		const config = of({ mode: "m", flag: null });
		const { planned } = planChange(outer, null, config, config);
		expect(planned).toEqual(of({ mode: "m", flag: unknown }));
		expect(known(outer, planned ?? {})).toEqual({ id: "a", set: { mode: "m", flag: null } });
		const given = { set: { mode: "other", flag: true } };
		expect(applied(outer, planned ?? {}, given)).toEqual(of({ mode: "m", flag: true }));
	});

	test("keeps what was there, and is decided whole when it is left out", () => {
		const prior = of({ mode: "m", flag: true });
		const config = of({ mode: "n", flag: null });
		expect(planChange(outer, prior, of({ mode: "n", flag: true }), config).planned).toEqual(
			of({ mode: "n", flag: true }),
		);
		expect(planChange(outer, prior, prior, of(null)).planned).toEqual(prior);
		expect(planChange(outer, null, of(null), of(null)).planned).toEqual(of(unknown));
	});

	test("has its own attributes whatever a server of another version tells", () => {
		const other = { set: { mode: "m", invented: 1 } };
		expect(applied(outer, of(unknown), other)).toEqual(of({ mode: "m", flag: null }));
		expect(refreshed(outer, of(null), other)).toEqual(of({ mode: "m", flag: null }));
	});

	test("that a state has not had yet is decided in the parts that are left out", () => {
		const config = of({ mode: "m", flag: null });
		expect(planChange(outer, of(null), config, config).planned).toEqual(
			of({ mode: "m", flag: unknown }),
		);
	});
});

test("an apply fills in what was unknown and contradicts nothing that was planned", () => {
	const planned = value({ name: unknown, made: unknown });
	const given = { id: "other", labels: { x: "y" }, name: "n" };
	expect(applied(attributes, planned, given)).toEqual(value({ name: "n", made: null }));
});

describe("refreshing", () => {
	test("nothing stays nothing when the server has it empty", () => {
		expect(refreshed(attributes, value({}), { labels: {} }).labels).toBeNull();
		expect(refreshed(attributes, value({ labels: {} }), { labels: {} }).labels).toEqual({});
	});

	test("drift is taken over, what the server does not tell stays", () => {
		const fresh = refreshed(attributes, value({ labels: { a: "b" }, name: "n" }), { labels: {} });
		expect(fresh).toEqual(value({ labels: {}, name: "n" }));
	});
});

test("the reference of the provider is up to date (bun scripts/generate-provider-docs.ts)", async () => {
	expect(await Bun.file(providerReferencePath).text()).toBe(providerReference());
});
