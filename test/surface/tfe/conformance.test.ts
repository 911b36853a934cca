/** The page on conformance against the routes, and the routes against the vendor's operations. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tfeRoutes } from "../../../src/server/surfaces/tfe/index.ts";
import { clientOperations, operationKey, vendorOperations } from "./conformance.ts";

const page = readFileSync(join(import.meta.dir, "../../../docs/tfe-conformance.md"), "utf8");

function tableUnder(heading: string): string[][] {
	const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
	return section
		.split("\n")
		.filter((line) => line.startsWith("| ") || line.startsWith("|-"))
		.slice(2)
		.map((line) => line.split("|").slice(1, -1));
}

function codeIn(cell: string): string[] {
	return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}

const routes = new Set(tfeRoutes.map(({ method, path }) => `${method} ${path}`));
const routeKeys = new Set(tfeRoutes.map(({ method, path }) => operationKey(method, path)));

test("the page names every route, and nothing else", () => {
	const named = tableUnder("What is there").flatMap(([address = "", methods = ""]) =>
		codeIn(address).flatMap((path) =>
			methods
				.trim()
				.split(" ")
				.map((method) => `${method} ${path}`),
		),
	);
	expect(named.sort()).toEqual([...routes].sort());
});

test("every route is an operation of the vendor's API", () => {
	const unknown = [...routeKeys].filter(
		(key) => !vendorOperations.has(key) && !clientOperations.has(key),
	);
	expect(unknown).toEqual([]);
	expect([...clientOperations].filter((key) => vendorOperations.has(key))).toEqual([]);
});

test("every other operation of the vendor's is named as not there", () => {
	const absent = [...vendorOperations].filter((key) => !routeKeys.has(key));
	const prefixes = tableUnder("What is not there").flatMap(([, addresses = ""]) =>
		codeIn(addresses),
	);
	const covers = (prefix: string, key: string) => {
		const path = key.split(" ")[1] ?? "";
		return path === prefix || path.startsWith(`${prefix}/`);
	};
	const unnamed = absent.filter((key) => !prefixes.some((prefix) => covers(prefix, key)));
	const idle = prefixes.filter((prefix) => !absent.some((key) => covers(prefix, key)));
	expect({ unnamed, idle }).toEqual({ unnamed: [], idle: [] });
});
