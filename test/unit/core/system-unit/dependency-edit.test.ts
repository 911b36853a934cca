/** Live values go into a state and nothing else in it changes, not a byte. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { checkState } from "../../../../src/core/state/tfstate.ts";
import {
	type DependencyValues,
	findDependencies,
	isOurProvider,
	type ValuesOf,
	withDependencyValues,
} from "../../../../src/core/system-unit/dependency-edit.ts";
import { bytesOf, check, randomJson } from "../../../support/state-properties.ts";

const ours = 'provider["registry.terraform.io/digger/opentaco"]';

const fresh: DependencyValues = {
	inDigest: "new-in",
	outDigest: "new-out",
	status: "pending",
	lastInAt: "2026-01-02T03:04:05Z",
	lastOutAt: null,
};

/** The state of a configuration with every kind of edge, as Terraform 1.11 prints one. */
const written = `{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": 7,
  "lineage": "3f1c9b1e-0b7e-4f38-9a51-6e4f0d3f1a2b",
  "outputs": { "status": { "value": "unknown", "type": "string" } },
  "resources": [
    {
      "mode": "managed", "type": "random_id", "name": "x",
      "provider": "provider[\\"registry.terraform.io/hashicorp/random\\"]",
      "instances": [{ "schema_version": 0, "attributes": { "status": "unknown", "in_digest": null, "n": 12345678901234567890123 } }]
    },
    {
      "module": "module.edges[\\"a\\"]",
      "mode": "managed", "type": "opentaco_dependency", "name": "each",
      "provider": "module.edges.${ours.replaceAll('"', '\\"')}.second",
      "instances": [
        {
          "index_key": "one", "schema_version": 0,
          "attributes": {
            "from_output": "vpc_id", "from_unit_id": "network/prod", "id": "id-1",
            "in_digest": "old-in", "last_in_at": null, "last_out_at": "2025-01-01T00:00:00Z",
            "out_digest": null, "status": "unkn\\u006fwn", "to_input": null, "to_unit_id": "app/caf\u00e9"
          },
          "sensitive_attributes": [[{ "type": "get_attr", "value": "in_digest" }]],
          "private": "bnVsbA==", "dependencies": ["opentaco_dependency.other"]
        },
        {
          "index_key": 0, "deposed": "00000001", "schema_version": 0,
          "attributes": { "from_output": "o", "from_unit_id": "a", "to_unit_id": "b", "status": "ok" }
        }
      ]
    }
  ],
  "check_results": null
}
`;

const edited = (state: Uint8Array, valuesOf: ValuesOf) =>
	withDependencyValues(state, findDependencies(state), valuesOf);

const edit = (text: string, values: DependencyValues | undefined = fresh): string =>
	Buffer.from(edited(bytesOf(text), () => values).bytes).toString("utf8");

describe("a state as Terraform writes it", () => {
	test("gets the values in place", () => {
		expect(edit(written)).toBe(
			written
				.replace('"old-in"', '"new-in"')
				.replace('"last_in_at": null', '"last_in_at": "2026-01-02T03:04:05Z"')
				.replace('"2025-01-01T00:00:00Z"', "null")
				.replace('"out_digest": null', '"out_digest": "new-out"')
				.replace('"unkn\\u006fwn"', '"pending"'),
		);
	});

	test("keeps its serial, lineage and every other fact", () => {
		const [before, after] = [checkState(bytesOf(written)), checkState(bytesOf(edit(written)))];
		for (const name of ["version", "serial", "lineage", "terraformVersion"] as const) {
			expect(after[name]).toBe(before[name]);
		}
	});

	test("is asked by what its instances declare", () => {
		const asked: unknown[] = [];
		const { changed } = edited(bytesOf(written), (edge, shown) => {
			asked.push(edge);
			expect(shown).toEqual({
				...{ inDigest: "old-in", outDigest: null, status: "unknown" },
				...{ lastInAt: null, lastOutAt: "2025-01-01T00:00:00Z" },
			});
			return fresh;
		});
		expect(changed).toEqual(asked as typeof changed);
		expect(asked).toEqual([
			{ fromUnitId: "network/prod", fromOutput: "vpc_id", toUnitId: "app/café", toInput: "" },
		]);
	});

	test("stays the same object when nothing differs, however the values are spelled", () => {
		const bytes = bytesOf(written);
		expect(edited(bytes, () => undefined).bytes).toBe(bytes);
		const same: DependencyValues = {
			inDigest: "old-in",
			outDigest: null,
			status: "unknown",
			lastInAt: null,
			lastOutAt: "2025-01-01T00:00:00Z",
		};
		expect(edited(bytes, () => same).bytes).toBe(bytes);
	});
});

test.each([
	["no resources", '{"version":4,"serial":1,"lineage":"a"}'],
	["resources of another kind", '{"version":4,"serial":1,"lineage":"a","resources":{"a":1}}'],
	["an empty list", '{"version":4,"serial":1,"lineage":"a","resources":[ ]}'],
	["odd elements", '{"version":4,"serial":1,"lineage":"a","resources":[1,null,[],{},"x"]}'],
	["a data resource", one({ mode: "data" })],
	["another type", one({ type: "opentaco_unit" })],
	["another's provider of that type", one({ provider: 'provider["registry.terraform.io/a/b"]' })],
	["no provider", one({ provider: null })],
	["a deposed instance", one({}, { deposed: "abcd" })],
	["no attributes", one({}, { attributes: null })],
	["an edge without a source", one({}, { attributes: { from_output: "o", to_unit_id: "b" } })],
	["none of the computed attributes", one({}, { attributes: edgeOf("a", "b") })],
])("a state with %s stays as it is", (_name, text) => {
	expect(edit(text)).toBe(text);
});

test("what a state says twice is left alone", () => {
	const twice = one({}, {}).replace('"in_digest":', '"in_digest":"x","in_digest":');
	expect(twice).not.toBe(one({}, {}));
	expect(edit(twice)).toBe(twice);
});

test.each([
	[ours, true],
	['provider["registry.terraform.io/opentaco/opentaco"]', true],
	['provider["registry.opentofu.org/digger/opentaco"]', true],
	['provider["registry.opentofu.org/opentaco/opentaco"].alias', true],
	[`module.a.module.b-c.${ours}`, true],
	[`module.a.${ours}.other`, true],
	['provider["registry.terraform.io/digger/opentaco2"]', false],
	['provider["registry.example.com/digger/opentaco"]', false],
	['provider["registryXterraform.io/digger/opentaco"]', false],
	[`x${ours}`, false],
	[`${ours}["x"]`, false],
	["provider.opentaco", false],
	["", false],
])("%s is our provider: %p", (address, expected) => {
	expect(isOurProvider(address)).toBe(expected);
});

function edgeOf(from: string, to: string): Record<string, unknown> {
	return { from_unit_id: from, from_output: "o", to_unit_id: to };
}

function one(resource: Record<string, unknown>, instance: Record<string, unknown> = {}): string {
	const attributes = { ...edgeOf("a", "b"), in_digest: null, status: "unknown" };
	return JSON.stringify({
		...{ version: 4, serial: 1, lineage: "a" },
		resources: [
			{
				...{ mode: "managed", type: "opentaco_dependency", name: "x", provider: ours },
				instances: [{ schema_version: 0, attributes, ...instance }],
				...resource,
			},
		],
	});
}

/** A text with holes for the values of edges: what must come out is the text filled anew. */
type Template = (valuesOf: (edge: number) => DependencyValues) => string;

const space = fc.constantFrom("", " ", "\n\t", "\r\n  ");
const digest = fc.oneof(fc.constant(null), fc.string({ unit: "binary", maxLength: 12 }));
const values: fc.Arbitrary<DependencyValues> = fc.record({
	inDigest: digest,
	outDigest: digest,
	status: fc.constantFrom("ok", "pending", "unknown"),
	lastInAt: digest,
	lastOutAt: digest,
});

const holes = {
	in_digest: (v: DependencyValues) => v.inDigest,
	out_digest: (v: DependencyValues) => v.outDigest,
	status: (v: DependencyValues) => v.status,
	last_in_at: (v: DependencyValues) => v.lastInAt,
	last_out_at: (v: DependencyValues) => v.lastOutAt,
} as const;

/** An object of these members among others, in any order and spacing. */
function objectOf(members: Record<string, fc.Arbitrary<Template>>): fc.Arbitrary<Template> {
	const junk = fc.array(fc.tuple(fc.integer({ min: 0, max: 1e6 }), randomJson), { maxLength: 3 });
	return fc
		.tuple(fc.record(members), junk, fc.infiniteStream(fc.nat({ max: 1000 })), space, space)
		.map(([own, others, order, before, after]) => {
			const all: [string, Template][] = [
				...Object.entries(own),
				...others.map(([n, text], i): [string, Template] => [`junk ${n} ${i}`, () => text]),
			];
			const ranked = all.map((member) => ({ member, rank: order.next().value as number }));
			const sorted = ranked.sort((a, b) => a.rank - b.rank).map(({ member }) => member);
			return (v) =>
				`{${before}${sorted
					.map(([key, value]) => `${JSON.stringify(key)}${after}:${before}${value(v)}`)
					.join(`${after},${before}`)}${after}}`;
		});
}

function listOf(element: fc.Arbitrary<Template>, maxLength: number): fc.Arbitrary<Template> {
	return fc.tuple(fc.array(element, { maxLength }), space).map(
		([all, gap]) =>
			(v) =>
				`[${gap}${all.map((one) => one(v)).join(`${gap},${gap}`)}${gap}]`,
	);
}

const fixed = (value: unknown): fc.Arbitrary<Template> => fc.constant(() => JSON.stringify(value));

const edgesMax = 20;

/** An instance that declares the edge number `n`; each edge may stand there several times. */
const instance = fc.nat({ max: edgesMax - 1 }).chain((n) =>
	objectOf({
		attributes: objectOf({
			from_unit_id: fixed(`from-${n}`),
			from_output: fixed('o"{}'),
			to_unit_id: fixed("to"),
			to_input: fc.constantFrom<Template>(
				() => "null",
				() => '""',
			),
			...Object.fromEntries(
				Object.entries(holes).map(([name, read]) => [
					name,
					fc.constant<Template>((v) => JSON.stringify(read(v(n)))),
				]),
			),
		}),
	}),
);

const ourResource = objectOf({
	mode: fixed("managed"),
	type: fixed("opentaco_dependency"),
	provider: fc.constantFrom(ours, `module.m.${ours}.alias`).chain(fixed),
	instances: listOf(instance, 3),
});

const stateTemplate = objectOf({
	version: fixed(4),
	serial: fixed(3),
	lineage: fixed("line"),
	resources: listOf(
		fc.oneof(
			ourResource,
			randomJson.map(
				(text): Template =>
					() =>
						text,
			),
		),
		5,
	),
});

test("random states: what comes out is the same text with other values", () => {
	const many = fc.array(values, { minLength: edgesMax, maxLength: edgesMax });
	check(
		fc.property(stateTemplate, many, many, (template, before, after) => {
			const given = template((n) => before[n] as DependencyValues);
			const expected = template((n) => after[n] as DependencyValues);
			const valuesOf = ({ fromUnitId }: { fromUnitId: string }) =>
				after[Number(fromUnitId.slice("from-".length))];
			const result = edited(bytesOf(given), valuesOf);
			expect(Buffer.from(result.bytes).toString("utf8")).toBe(Buffer.from(expected).toString());
			checkState(result.bytes);
			expect(edited(result.bytes, valuesOf).bytes).toBe(result.bytes);
		}) as fc.IRawProperty<unknown>,
		500,
	);
});
