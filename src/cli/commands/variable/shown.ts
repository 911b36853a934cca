/** Variables as a table, or as JSON. */
import type { VariableView } from "../../../api/variables.ts";
import type { Cli } from "../../context.ts";

export async function showVariables(
	cli: Cli,
	list: readonly VariableView[],
	{ inherited }: { readonly inherited: boolean },
): Promise<void> {
	if (cli.output.json) {
		await cli.output.document({ variables: list, count: list.length });
		return;
	}
	if (list.length === 0) {
		await cli.output.note("No variables");
		return;
	}
	await cli.output.table({
		columns: [
			{ title: "KEY", keep: true },
			{ title: "CATEGORY", keep: true },
			{ title: "VALUE" },
			...(inherited ? [{ title: "FROM" }] : []),
			{ title: "DESCRIPTION" },
		],
		rows: list.map(({ key, category, value, hcl, description, set, counts }) => [
			key,
			hcl ? `${category}, hcl` : category,
			value === null ? "(sensitive)" : value.replaceAll("\n", "\\n").replaceAll("\t", "\\t"),
			...(inherited
				? [`${set?.name ?? "the unit"}${counts === false ? " (does not count)" : ""}`]
				: []),
			description,
		]),
	});
}
