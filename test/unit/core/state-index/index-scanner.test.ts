/** The index of a state does not depend on how its bytes are cut, and never holds what is not there. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { limits } from "../../../../src/core/limits.ts";
import { IndexScanner, type ScannedState } from "../../../../src/core/state-index/index-scanner.ts";

const seed = Number(process.env.OPENTACO_TEST_SEED ?? Date.now() & 0x7fffffff);
console.info(`index scanner seed ${seed} (OPENTACO_TEST_SEED repeats it)`);

function scan(text: string, size = 100_000): ScannedState {
	const scanner = new IndexScanner();
	const bytes = Buffer.from(text);
	for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
	return scanner.finish();
}

const outputs =
	'{ "b": {"value": "}, \\"outputs\\": {", "type": "string"}, "a": {"value": [1, {"x": null}], "type": ["tuple", ["number", ["object", {"x": "string"}]]], "sensitive": true}, "n": {"value": 1.10, "sensitive": false}, "\\u00e9": {"value":12345678901234567890123} }';

const remoteState = `{"mode": "data", "type": "terraform_remote_state", "name": "net", "provider": "provider[\\"terraform.io/builtin/terraform\\"]", "instances": [
	{"schema_version": 0, "attributes": {"outputs": {"value": {"n": 1.10}}}, "sensitive_attributes": []}]}`;
const dependency = `{"module": "module.a[\\"x\\"]", "mode": "managed", "type": "opentaco_dependency", "name": "d", "instances": [
	{"index_key": "k", "attributes": {"id":1}}, {"index_key": 3, "attributes": {"id":2}}, {"deposed": "00000001", "attributes": {"id":3}}]}`;
const vpc = `{"mode": "managed", "type": "aws_vpc", "name": "v", "instances": [{"attributes": {"outputs": {"no": {"value": 1}}}}, {"index_key": "\${x}", "attributes": {}}]}`;

const places: Readonly<Record<string, string>> = {
	first: `{"outputs": ${outputs} , "version": 4, "resources": [${remoteState},${vpc},${dependency}]}`,
	last: `{"version": 4, "resources": [${remoteState},${vpc}, ${dependency} ], "outputs": ${outputs} }\n`,
};

for (const [place, state] of Object.entries(places)) {
	describe(`outputs that stand ${place}`, () => {
		for (const size of [1, 2, 7, 64, 10_000]) {
			test(`in pieces of ${size}`, () => {
				const { index, resources } = scan(state, size);
				expect(index.outputs).toEqual([
					{
						name: "a",
						valueText: '[1, {"x": null}]',
						typeText: '["tuple", ["number", ["object", {"x": "string"}]]]',
						isSensitive: true,
					},
					{
						name: "b",
						valueText: '"}, \\"outputs\\": {"',
						typeText: '"string"',
						isSensitive: false,
					},
					{ name: "n", valueText: "1.10", typeText: null, isSensitive: false },
					{
						name: "é",
						valueText: "12345678901234567890123",
						typeText: null,
						isSensitive: false,
					},
				]);
				const d = {
					mode: "managed",
					type: "opentaco_dependency",
					name: "d",
					module: 'module.a["x"]',
				};
				expect(index.readings).toEqual([
					{
						mode: "data",
						type: "terraform_remote_state",
						name: "net",
						module: null,
						indexKey: null,
						attributesText: '{"outputs": {"value": {"n": 1.10}}}',
					},
					{ ...d, indexKey: "k", attributesText: '{"id":1}' },
					{ ...d, indexKey: 3, attributesText: '{"id":2}' },
				]);
				expect(index.resourceCount).toBe(5);
				expect(index.isTruncated).toBe(false);
				expect(resources.resources.map(({ address }) => address)).toEqual([
					"data.terraform_remote_state.net",
					"aws_vpc.v",
					'aws_vpc.v["$${x}"]',
					'module.a["x"].opentaco_dependency.d["k"]',
					'module.a["x"].opentaco_dependency.d[3]',
				]);
			});
		}
	});
}

test("members may come in any order, as in a state that a tool has sorted", () => {
	const sorted =
		'{"resources":[{"instances":[{"attributes":{"a":1},"index_key":"k"}],"mode":"data","name":"n","type":"tfe_outputs"},{"instances":[{"attributes":{"secret":2}}],"mode":"managed","name":"n","type":"other"}]}';
	const { index } = scan(sorted);
	expect(index.readings.map(({ attributesText }) => attributesText)).toEqual(['{"a":1}']);
	expect(index.readings[0]?.indexKey).toBe("k");
});

test("only what is exactly named is an output", () => {
	for (const text of [
		'{"version": 4}',
		'{"outputs": {}}',
		'{"outputs": null}',
		'{"outputs": [{"a":{"value":1}}]}',
		'{"Outputs": {"a":{"value":1}}}',
		'{"x": {"outputs": {"a":{"value":1}}}}',
		'{"outputs": {"a":{"type":"string"}, "b": 1, "c": [{"value":1}]}}',
	]) {
		expect(scan(text).index.outputs).toEqual([]);
	}
});

test("what is not clearly not sensitive is sensitive", () => {
	const of = (sensitive: string) =>
		scan(`{"outputs":{"a":{"value":1,"sensitive":${sensitive}}}}`).index.outputs[0]?.isSensitive;
	expect([of("true"), of("1"), of('"false"'), of("{}"), of("false"), of("null")]).toEqual([
		true,
		true,
		true,
		true,
		false,
		false,
	]);
});

test("bounds cut, and say so", () => {
	const large = scan(
		`{"outputs":{"small":{"value":1},"large":{"value":"${"x".repeat(limits.outputsBytesMax)}"}}}`,
	).index;
	expect(large.outputs.map(({ name }) => name)).toEqual(["small"]);
	expect([large.isTruncated, large.isMissingOutputs]).toEqual([true, true]);

	const many = Array.from({ length: limits.readingsMax + 1 }, () => '{"attributes":{}}');
	const readings = scan(
		`{"resources":[{"mode":"data","type":"tfe_outputs","name":"n","instances":[${many}]}]}`,
	).index;
	expect(readings.readings).toHaveLength(limits.readingsMax);
	expect([readings.isTruncated, readings.isMissingOutputs]).toEqual([true, false]);

	const one = `{"attributes":{"x":"${"y".repeat(limits.readingBytesMax)}"}}`;
	const fat = `{"resources":[{"mode":"data","type":"tfe_outputs","name":"n","instances":[${one}]}]}`;
	expect(scan(fat).index).toMatchObject({ readings: [], isTruncated: true });

	const instances = Array.from({ length: limits.indexedResourcesMax + 1 }, () => "{}");
	const { index, resources } = scan(
		`{"resources":[{"mode":"managed","type":"t","name":"n","instances":[${instances}]},${remoteState}]}`,
	);
	expect(resources.resources).toHaveLength(limits.indexedResourcesMax);
	expect(resources.isTruncated).toBe(true);
	// The readings do not suffer from the length of the list.
	expect([index.readings.length, index.isTruncated]).toEqual([1, false]);
	expect(index.resourceCount).toBe(limits.indexedResourcesMax + 1);
});

test("random outputs come out with their exact texts", () => {
	const text = fc.json({ maxDepth: 3 });
	fc.assert(
		fc.property(
			fc.uniqueArray(fc.tuple(fc.string({ maxLength: 20, unit: "grapheme" }), text, text), {
				selector: ([name]) => name,
				maxLength: 5,
			}),
			fc.integer({ min: 5, max: 50 }),
			(entries, size) => {
				const members = entries.map(
					([name, value, type]) =>
						`${JSON.stringify(name)}: {"type" :${type},"value": ${value} ,"sensitive":true}`,
				);
				const { index } = scan(`{"outputs":{${members.join(" , ")}},"resources":[]}`, size);
				const found = new Map(index.outputs.map((one) => [one.name, one]));
				expect(found.size).toBe(entries.length);
				for (const [name, value, type] of entries) {
					const wellFormed = name.isWellFormed() ? name : JSON.parse(JSON.stringify(name));
					const one = found.get(wellFormed);
					expect([one?.valueText, one?.typeText]).toEqual([value, type]);
				}
			},
		),
		{ seed, numRuns: 100 },
	);
});

const names = fc.constantFrom("a", "b-1", 'q"x', "é");
const modes = fc.constantFrom("managed", "data");
const types = fc.constantFrom(
	"aws_vpc",
	"terraform_remote_state",
	"tfe_outputs",
	"opentaco_dependency",
);

interface RandomInstance {
	readonly index_key?: string | number;
	readonly deposed?: string;
	readonly attributes: Record<string, unknown>;
}

const instance: fc.Arbitrary<RandomInstance> = fc.record(
	{
		attributes: fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 3 }), {
			maxKeys: 3,
			noNullPrototype: true,
		}),
		index_key: fc.oneof(names, fc.nat(9)),
		deposed: fc.constant("00000001"),
		sensitive_attributes: fc.constant([["attributes", { type: "get_attr", value: "type" }]]),
	},
	{ requiredKeys: ["attributes"] },
);

const resource = fc.record(
	{
		mode: modes,
		type: types,
		name: names,
		module: fc.constantFrom("module.m", 'module.m["k"]'),
		provider: names,
		instances: fc.array(instance, { maxLength: 4 }),
	},
	{ requiredKeys: ["mode", "type", "name", "instances"] },
);

/** The object with its members in another order. */
function shuffled<T extends object>(object: T, by: number): T {
	const entries = Object.entries(object);
	const at = by % Math.max(entries.length, 1);
	return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)]) as T;
}

const readingTypes = new Set([
	"data.terraform_remote_state",
	"data.tfe_outputs",
	"managed.opentaco_dependency",
]);

test("random states have the index that one would read out of the parsed whole", () => {
	fc.assert(
		fc.property(
			fc.array(resource, { maxLength: 6 }),
			fc.nat(9),
			fc.integer({ min: 1, max: 60 }),
			fc.constantFrom(0, 2),
			(resources, by, size, indent) => {
				const mixed = resources.map((one) =>
					shuffled({ ...one, instances: one.instances.map((each) => shuffled(each, by)) }, by),
				);
				const { index, resources: listed } = scan(
					JSON.stringify({ version: 4, resources: mixed, outputs: {} }, null, indent),
					size,
				);
				const living = resources.flatMap(({ instances, ...of }) =>
					instances.flatMap((one) => (one.deposed === undefined ? [{ ...of, ...one }] : [])),
				);
				expect(
					index.readings.map(({ attributesText, ...of }) => ({
						...of,
						attributes: JSON.parse(attributesText),
					})),
				).toEqual(
					living
						.filter(({ mode, type }) => readingTypes.has(`${mode}.${type}`))
						.map(({ mode, type, name, module = null, index_key = null, attributes }) => ({
							...{ mode, type, name, module, indexKey: index_key },
							attributes: JSON.parse(JSON.stringify(attributes)),
						})),
				);
				expect(listed.resources.map(({ type, name, indexKey }) => [type, name, indexKey])).toEqual(
					living.map(({ type, name, index_key = null }) => [type, name, index_key]),
				);
				expect(index.resourceCount).toBe(
					resources.flatMap(({ mode, instances }) => (mode === "managed" ? instances : [])).length,
				);
			},
		),
		{ seed, numRuns: 100 },
	);
});
