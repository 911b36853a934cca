/**
 * Writes docs/reference/provider.md from the provider's own declarations:
 *
 *   bun scripts/generate-provider-docs.ts
 */
import { join } from "node:path";
import type { Attributes, ValueType } from "../src/provider/plugin/schema.ts";
import { opentacoProvider } from "../src/provider/provider.ts";
import { projectRoot } from "./run-command.ts";

export const providerReferencePath = join(projectRoot, "docs/reference/provider.md");

interface Described {
	readonly description: string;
	readonly attributes: Attributes;
}

/** The whole page. */
export function providerReference(): string {
	const provider = opentacoProvider({});
	const sections = [
		"# The Terraform provider: reference",
		"<!-- Written by scripts/generate-provider-docs.ts; change the declarations, not this page. -->",
		"How to install and use it is in [The Terraform provider](../provider.md).",
		"## Provider configuration",
		table(provider.attributes),
		...kind("Resource", provider.resources),
		...kind("Data source", provider.dataSources),
		...kind("Ephemeral resource", provider.ephemerals),
	];
	return `${sections.join("\n\n")}\n`;
}

function kind(title: string, types: Readonly<Record<string, Described>>): string[] {
	return Object.entries(types).flatMap(([name, { description, attributes }]) => [
		`## ${title} \`${name}\``,
		description,
		table(attributes),
		...Object.entries(attributes).flatMap(([inner, { nested }]) =>
			nested === undefined ? [] : [`The attributes of \`${inner}\`:`, table(nested)],
		),
	]);
}

function table(attributes: Attributes): string {
	const rows = Object.entries(attributes).map(([name, attribute]) => {
		const { mode, sensitive, replaces, type, description } = attribute;
		const notes = [
			mode === "optional-computed" ? "optional, else computed" : mode,
			...(replaces === true ? ["a change replaces"] : []),
			...(attribute.writeOnly ? ["write-only"] : []),
			...(sensitive ? ["sensitive"] : []),
		];
		return `| \`${name}\` | ${typeName(type)} | ${notes.join(", ")} | ${description.replaceAll("|", "\\|")} |`;
	});
	return ["| Attribute | Type | | Meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

function typeName(type: ValueType): string {
	if (type === "dynamic") return "any type";
	if (typeof type === "string") return type;
	return type[0] === "object" ? "object" : `${type[0]} of ${typeName(type[1])}`;
}

if (import.meta.main) {
	await Bun.write(providerReferencePath, providerReference());
}
