/**
 * What Terragrunt does with a tree of units, as far as the example needs it: the backend block that
 * it generates, and outputs of dependencies that it takes from their states in the bucket.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface TerragruntUnit {
	readonly name: string;
	/** Names of units, by what the configuration calls them. */
	readonly dependencies: ReadonlyMap<string, string>;
	/** Input, dependency, output. */
	readonly inputs: readonly { input: string; dependency: string; output: string }[];
}

/** The units of a tree, each after those that it depends on. */
export async function unitsOf(root: string): Promise<TerragruntUnit[]> {
	const rest: TerragruntUnit[] = [];
	for (const entry of await readdir(root, { withFileTypes: true })) {
		if (entry.isDirectory()) rest.push(await readUnit(root, entry.name));
	}
	const ordered: TerragruntUnit[] = [];
	while (rest.length > 0) {
		const at = rest.findIndex(({ dependencies }) =>
			[...dependencies.values()].every((one) => ordered.some(({ name }) => name === one)),
		);
		if (at === -1) throw new Error("the units depend on each other in a circle");
		ordered.push(...rest.splice(at, 1));
	}
	return ordered;
}

async function readUnit(root: string, name: string): Promise<TerragruntUnit> {
	const text = await readFile(join(root, name, "terragrunt.hcl"), "utf8");
	const dependencies = new Map<string, string>();
	for (const [, called, path] of text.matchAll(
		/dependency "(\w+)" \{\s*config_path = "\.\.\/(\w+)"/g,
	)) {
		dependencies.set(called ?? "", path ?? "");
	}
	const inputs = [...text.matchAll(/(\w+)\s*= dependency\.(\w+)\.outputs\.(\w+)/g)].map(
		([, input = "", dependency = "", output = ""]) => ({ input, dependency, output }),
	);
	return { name, dependencies, inputs };
}

/** What is for Terragrunt alone and does not go into the backend block. */
const ownSettings = /^\s*disable_bucket_update\b.*$/gm;

/** Writes the file that `generate` names, from the root's `remote_state`. */
export async function generateBackend(root: string, unit: string): Promise<void> {
	const text = await readFile(join(root, "root.hcl"), "utf8");
	const body = /config = \{\n([\s\S]*?)\n {2}\}/.exec(text)?.[1];
	if (body === undefined) throw new Error("root.hcl has no remote_state");
	const settings = body.replaceAll("${path_relative_to_include()}", unit).replace(ownSettings, "");
	const block = `terraform {\n  backend "s3" {\n${settings}\n  }\n}\n`;
	await writeFile(join(root, unit, "backend.tf"), block);
}
