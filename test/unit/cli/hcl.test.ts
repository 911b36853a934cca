/** Values in HCL as Terraform prints them: the texts are those of terraform 1.11.4 for the same outputs. */
import { expect, test } from "bun:test";
import { hclText } from "../../../src/cli/hcl.ts";
import { parseRawNumbers } from "../../../src/lib/raw-json.ts";

const cases: readonly (readonly [json: string, type: unknown, text: string])[] = [
	['"vpc-1"', "string", '"vpc-1"'],
	['"a\\"b${x} %{y} \\t é \\\\"', "string", '"a\\"b${x} %{y} \\t é \\\\"'],
	['"x\\n"', "string", "<<EOT\nx\n\nEOT"],
	['"EOT\\nx"', "string", "<<EOT_\nEOT\nx\nEOT_"],
	[
		'["x\\ny",{"k":"p\\nq\\n"}]',
		["tuple", ["string", ["object", { k: "string" }]]],
		'[\n  <<-EOT\n  x\n  y\n  EOT,\n  {\n    "k" = <<-EOT\n    p\n    q\n    \n    EOT\n  },\n]',
	],
	["true", "bool", "true"],
	["12345678901234567890123", "number", "12345678901234567890123"],
	["1.5", undefined, "1.5"],
	["null", "string", "null"],
	['["a","b"]', ["list", "string"], 'tolist([\n  "a",\n  "b",\n])'],
	["[1]", ["set", "number"], "toset([\n  1,\n])"],
	["[]", ["list", "string"], "tolist([])"],
	['{"b":1,"a":null}', ["object", { a: "string", b: "number" }], '{\n  "a" = null\n  "b" = 1\n}'],
	['{"k":["x"]}', ["map", ["list", "string"]], 'tomap({\n  "k" = tolist([\n    "x",\n  ])\n})'],
	[
		'[1,{"a":[true]}]',
		["tuple", ["number", ["object", { a: ["tuple", ["bool"]] }]]],
		'[\n  1,\n  {\n    "a" = [\n      true,\n    ]\n  },\n]',
	],
	["{}", ["map", "string"], "tomap({})"],
	// What the type does not tell is still shown.
	['{"a":[1]}', null, '{\n  "a" = [\n    1,\n  ]\n}'],
];

for (const [json, type, text] of cases) {
	test(`${json} of ${JSON.stringify(type)}`, () => {
		expect(hclText(parseRawNumbers(json), type)).toBe(text);
	});
}
