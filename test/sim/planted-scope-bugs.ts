/** Bugs that several organizations in one store are easily written with. See planted-bugs.ts. */
import type { PlantedBug } from "./planted-bugs.ts";
import type { Edit } from "./planted-code.ts";

const scopedStore = "core/organization/scoped-store.ts";

const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace });

export const scopeBugs: readonly PlantedBug[] = [
	{
		name: "an organization's core lies over the whole store",
		focus: "organization",
		seedsMax: 10,
		edits: [
			edit(
				"core/organization/core-pool.ts",
				"scopedStore(this.#deps.store, organizationPrefix(organization.key))",
				"this.#deps.store",
			),
		],
	},
	{
		name: "an organization deletes what has the same key in the root",
		focus: "organization",
		seedsMax: 20,
		edits: [
			edit(
				scopedStore,
				"return await this.#inner.delete(this.#full(key), options);",
				"return await this.#inner.delete(key, options);",
			),
		],
	},
	{
		name: "an organization looks for the newest record in the root",
		focus: "organization",
		seedsMax: 20,
		edits: [
			edit(
				scopedStore,
				"const key = await this.#inner.newest(this.#prefix + prefix, options);\n\t\treturn key === null ? null : this.#own(key);",
				"return await this.#inner.newest(prefix, options);",
			),
		],
	},
	{
		name: "an organization lists the root",
		focus: "organization",
		seedsMax: 10,
		edits: [edit(scopedStore, "prefix: this.#prefix + options.prefix,", "prefix: options.prefix,")],
	},
];
