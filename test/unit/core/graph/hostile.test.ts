/** States that somebody has written to harm whoever looks at the graph. */
import { expect, test } from "bun:test";
import { Digester } from "../../../../src/core/graph/digest.ts";
import { declaredUnit } from "../../../../src/core/graph/edge-id.ts";
import { factsOf } from "../../../../src/core/graph/facts.ts";
import { unknownAddresses } from "../../../../src/core/graph/reading-source.ts";
import { limits } from "../../../../src/core/limits.ts";
import { opaqueIndex, type StateIndex } from "../../../../src/core/state-index/index-facts.ts";

const digester = new Digester(new Uint8Array(32));

function reading(
	attributesText: string,
	type = "opentaco_outputs",
): StateIndex["readings"][number] {
	return { mode: "data", type, name: "r", module: null, indexKey: null, attributesText };
}

function factsWith(readings: StateIndex["readings"]) {
	const index = { ...opaqueIndex, isOpaque: false, readings };
	return factsOf(index, digester, unknownAddresses, true);
}

test("of copies in one reading no more are followed than in many", () => {
	const values = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`o${at}`, at]));
	const large = reading(JSON.stringify({ unit_id: "a", values }));
	const facts = factsWith([large, large]);
	expect(facts.recorded).toHaveLength(limits.graphRecordedPerUnitMax);
	expect(facts.isTruncated).toBe(true);
});

test("a unit's name is not looked for in a text of any length", () => {
	expect(declaredUnit(`  /a/b${"/".repeat(20)}`)).toBe("a/b" as never);
	expect(declaredUnit(`a${" ".repeat(400_000)}b`)).toBeNull();
});

test("whatever stands in a reading, there are facts", () => {
	const texts = [
		"\ud800",
		"%",
		"%ff",
		"..",
		"a//b",
		"__proto__",
		"\u0000",
		"x".repeat(5000),
		"a#b",
		"[::",
	];
	const types = ["opentaco_outputs", "tfe_outputs", "terraform_remote_state"];
	for (const text of texts) {
		const config = {
			...{ address: `http://${text}/v1/backend/${text}`, bucket: text, key: text },
			...{ hostname: text, organization: text, workspaces: { name: text, prefix: text } },
		};
		const odd = { ...config, address: `http://h/v1/orgs/${text}/backend/${text}` };
		for (const backend of ["http", "s3", "remote", "cloud", text]) {
			for (const given of [config, odd]) {
				const attributes = {
					...{ backend, config: given, unit_id: text, server: text, workspace: text },
					...{ organization: text, values: { [text]: text }, outputs: { [text]: [text] } },
				};
				const all = types.map((type) => reading(JSON.stringify(attributes), type));
				expect(factsWith(all).isOpaque).toBe(false);
			}
		}
	}
});
