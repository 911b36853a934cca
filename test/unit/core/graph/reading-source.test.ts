/** Where readings came from, and what declarations name. */
import { describe, expect, test } from "bun:test";
import { addressText, declarationsOf } from "../../../../src/core/graph/declarations.ts";
import { declaredUnit, edgeId } from "../../../../src/core/graph/edge-id.ts";
import {
	type ReadingSource,
	readingSource,
	type ServerAddresses,
	unknownAddresses,
} from "../../../../src/core/graph/reading-source.ts";
import { opaqueIndex, type Reading } from "../../../../src/core/state-index/index-facts.ts";
import { type ExactObject, parseExactJson } from "../../../../src/lib/exact-json.ts";
import { edgeId as providersEdgeId } from "../../../../src/provider/resources/dependency.ts";

const told: ServerAddresses = {
	organizations: ["default", "opentaco"],
	isDefault: true,
	hosts: ["taco.example.com", "localhost:8080"],
	isComplete: true,
};
const acme: ServerAddresses = { ...told, organizations: ["acme"], isDefault: false };

function source(type: string, attributes: object, addresses = told): string {
	const parsed = parseExactJson(JSON.stringify(attributes), 100) as ExactObject;
	const found: ReadingSource = readingSource(type, parsed, addresses);
	return found.kind === "external" ? "external" : `${found.kind} ${found.unit}`;
}

const remote = (backend: string, config: object, workspace: string | null = null) => ({
	backend,
	config: { value: config, type: ["object", {}] },
	workspace,
});
const http = (address: unknown, addresses = told) =>
	source("terraform_remote_state", remote("http", { address }), addresses);
const s3 = (config: object, workspace: string | null = null, addresses = told) =>
	source(
		"terraform_remote_state",
		remote("s3", { bucket: "opentaco", ...config }, workspace),
		addresses,
	);
const cloud = (config: object, workspace: string | null = null, addresses = told) => {
	const full = { hostname: "taco.example.com", organization: "default", ...config };
	return source("terraform_remote_state", remote("remote", full, workspace), addresses);
};

describe("http", () => {
	test.each([
		["https://taco.example.com/v1/backend/net/vpc", "unit net/vpc"],
		["https://TACO.example.com:8443/v1/backend/net__vpc", "unit net/vpc"],
		["http://localhost:8080/v1/backend/net%2Fvpc?x=1", "unit net/vpc"],
		["http://user:secret@localhost:8080/v1/backend/a", "unit a"],
		["http://localhost:9090/v1/backend/a", "external"],
		["https://other.example.com/v1/backend/a", "external"],
		["https://taco.example.com.evil.test/v1/backend/a", "external"],
		["https://taco.example.com/v1/backend/", "external"],
		["https://taco.example.com/v1/backend/../x", "external"],
		["https://taco.example.com/v1/units/a/download", "external"],
		["https://taco.example.com/v1/orgs/acme/backend/a", "external"],
		["https://taco.example.com/v1/orgs/default/backend/a", "unit a"],
		["ftp://taco.example.com/v1/backend/a", "external"],
		["not an address", "external"],
		[null, "external"],
		[7, "external"],
	])("%s", (address, wanted) => {
		expect(http(address)).toBe(wanted);
	});

	test("another organization has its own addresses", () => {
		expect(http("https://taco.example.com/v1/orgs/acme/backend/a", acme)).toBe("unit a");
		expect(http("https://taco.example.com/v1/backend/a", acme)).toBe("external");
	});

	test("a server that was told nothing takes any host for possible", () => {
		expect(http("https://whatever.test/v1/backend/a", unknownAddresses)).toBe("candidate a");
	});
});

describe("s3", () => {
	const endpoints = { s3: "https://taco.example.com/s3" };

	test("key, workspace and prefix make the unit", () => {
		expect(s3({ key: "net/terraform.tfstate", endpoints })).toBe("unit net");
		expect(s3({ key: "net/terraform.tfstate", endpoints: [endpoints] })).toBe("unit net");
		expect(s3({ key: "net/terraform.tfstate", endpoint: endpoints.s3 }, "default")).toBe(
			"unit net",
		);
		expect(s3({ key: "net/terraform.tfstate", endpoints }, "blue")).toBe("unit env_.3A/blue/net");
		const workspace_key_prefix = "ws";
		expect(s3({ key: "k/terraform.tfstate", endpoints, workspace_key_prefix }, "b")).toBe(
			"unit ws/b/k",
		);
	});

	test("another bucket or endpoint is another server", () => {
		expect(s3({ key: "a/terraform.tfstate", endpoints, bucket: "theirs" })).toBe("external");
		expect(s3({ key: "a/terraform.tfstate", endpoints: { s3: "https://s3.test" } })).toBe(
			"external",
		);
		expect(s3({ key: "a/terraform.tfstate" })).toBe("candidate a");
		expect(s3({ endpoints })).toBe("external");
	});
});

describe("remote, tfe_outputs and opentaco_outputs", () => {
	test("names and prefixes of workspaces", () => {
		expect(cloud({ workspaces: { name: "net__vpc" } })).toBe("unit net/vpc");
		expect(cloud({ workspaces: [{ name: "net__vpc" }] })).toBe("unit net/vpc");
		expect(cloud({ workspaces: { name: null, prefix: "net__" } }, "vpc")).toBe("unit net/vpc");
		expect(cloud({ workspaces: { prefix: "net__" } })).toBe("external");
		expect(cloud({ workspaces: { name: "x" }, organization: "acme" })).toBe("external");
		expect(cloud({ workspaces: { name: "x" }, organization: "acme" }, null, acme)).toBe("unit x");
		expect(cloud({ workspaces: { name: "x" }, hostname: "app.terraform.io" })).toBe("external");
		expect(cloud({ workspaces: { name: "x" }, hostname: null }, null, unknownAddresses)).toBe(
			"external",
		);
	});

	test("providers keep no host, so the unit must exist", () => {
		const named = { organization: "default", workspace: "net__vpc" };
		expect(source("tfe_outputs", named)).toBe("candidate net/vpc");
		expect(source("tfe_outputs", { ...named, organization: "acme" })).toBe("external");
		expect(source("opentaco_outputs", { unit_id: "net/vpc" })).toBe("unit net/vpc");
	});

	test("outputs tell their server and organization", () => {
		const read = (more: object, where?: ServerAddresses) =>
			source("opentaco_outputs", { unit_id: "net/vpc", organization: null, ...more }, where);
		expect(read({})).toBe("unit net/vpc");
		expect(read({}, acme)).toBe("external");
		expect(read({ organization: "acme" })).toBe("external");
		expect(read({ organization: "acme" }, acme)).toBe("unit net/vpc");
		expect(read({ server: "https://elsewhere.example.com" })).toBe("external");
		expect(read({ server: "https://elsewhere.example.com" }, unknownAddresses)).toBe(
			"candidate net/vpc",
		);
	});

	test("nothing makes it fail", () => {
		for (const type of ["terraform_remote_state", "tfe_outputs", "opentaco_outputs"]) {
			for (const attributes of [
				{},
				{ backend: 1, config: [] },
				{ backend: "s3" },
				{ unit_id: "../" },
			]) {
				expect(source(type, attributes)).toBe("external");
			}
		}
		for (const backend of ["http", "s3", "remote", "cloud", "azurerm", "local"]) {
			expect(source("terraform_remote_state", { backend, config: null })).toBe("external");
		}
	});
});

describe("declarations", () => {
	test.each([
		[" /net/vpc/ ", "net/vpc"],
		["net/vpc/terraform.tfstate", "net/vpc"],
		["net__vpc", "net/vpc"],
		["net", "net"],
		["", null],
		["../x", null],
		["a//b", null],
	])("%j names %s", (text, unit) => {
		expect(declaredUnit(text) as string | null).toBe(unit);
	});

	test("the edge's id is the provider's", () => {
		const ends = { from: "net/vpc", output: "id", to: "app/api", input: "" };
		const attributes = { from_unit_id: "net/vpc", from_output: "id", to_unit_id: "app/api" };
		expect(edgeId(ends)).toBe(providersEdgeId(attributes));
		const named = { ...attributes, to_input: "vpc" };
		expect(edgeId({ ...ends, input: "vpc" })).toBe(providersEdgeId(named));
	});

	test("instances keep their addresses, and what declares nothing says why", () => {
		const reading = (indexKey: string | number | null, attributes: object): Reading => ({
			...{ mode: "managed", type: "opentaco_dependency", name: "e", module: "module.m" },
			...{ indexKey, attributesText: JSON.stringify(attributes) },
		});
		const good = { from_unit_id: "a", from_output: "o", to_unit_id: "b", to_input: null };
		const { edges, faulty } = declarationsOf({
			...opaqueIndex,
			readings: [
				reading(0, good),
				reading("k", good),
				reading("l", { ...good, from_output: null }),
				{ ...reading("m", good), attributesText: "no JSON" },
				{ ...reading("n", good), type: "terraform_data" },
			],
		});
		expect(edges.map(({ address }) => addressText(address))).toEqual([
			"module.m.opentaco_dependency.e[0]",
			'module.m.opentaco_dependency.e["k"]',
		]);
		expect(new Set(edges.map((edge) => edge.edgeId)).size).toBe(1);
		expect(faulty.map(({ fault }) => fault)).toEqual([
			"from_output is missing",
			"from_unit_id is missing",
		]);
	});
});
