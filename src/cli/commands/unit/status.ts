import type { GraphEdgeView, UnitStanding, UnitStatusView } from "../../../api/graph.ts";
import { command } from "../../command.ts";
import type { Cli } from "../../context.ts";
import { usageError } from "../../errors.ts";
import { exitCodes } from "../../exit-codes.ts";
import { painted, paintWords, reasonText, statusWords } from "../../graph/words.ts";
import { unitOf } from "./unit-arguments.ts";

export default command({
	details:
		"A unit needs re-apply when an output that it uses has changed since it was applied, and might need it when a unit upstream does. All units come in one request.",
	examples: [
		"taco unit status",
		"taco unit status myapp/prod",
		"taco unit status --prefix myapp/ --exit-code",
		"taco unit status --json | jq '.units[] | select(.status == \"red\") | .unit_id'",
	],
	args: {
		unit: { type: "positional", required: false, description: "The unit's id; all without it" },
		prefix: { type: "string", valueHint: "START", description: "Only ids that start with this" },
		"exit-code": {
			type: "boolean",
			description:
				"Exit with 9 when a unit needs re-apply or might, with 10 when one is unknown, with 3 when there is none",
		},
	},
	async run(cli, { unit, prefix, "exit-code": isGate }) {
		if (unit !== undefined && prefix !== undefined) {
			throw usageError("a unit and --prefix are both given", "give one of them");
		}
		const statuses =
			unit === undefined ? await showAll(cli, prefix) : [await showOne(cli, unitOf(unit))];
		if (isGate !== true) return exitCodes.ok;
		// A gate over nothing, such as a mistyped prefix, says nothing.
		if (statuses.length === 0) return exitCodes.notFound;
		if (statuses.some((status) => status === "red" || status === "yellow")) return exitCodes.stale;
		return statuses.every((status) => status === "green") ? exitCodes.ok : exitCodes.undetermined;
	},
});

async function showAll(cli: Cli, prefix: string | undefined): Promise<string[]> {
	const { graph } = await cli.client();
	const isJson = cli.output.json;
	const list = await graph.statuses({ prefix, edges: isJson }, { signal: cli.signal });
	const statuses = list.units.map(({ status }) => status);
	if (isJson) {
		await cli.output.document(list);
		return statuses;
	}
	if (list.units.length === 0) {
		await cli.output.note("No units found");
		return statuses;
	}
	await cli.output.table({
		columns: [
			{ title: "UNIT", keep: true },
			{ title: "STATUS", keep: true, paint: paintWords(cli.output) },
			{ title: "PENDING", right: true },
			{ title: "FIRST OFFENDER" },
		],
		rows: list.units.map(row),
	});
	const { green, red, yellow, unknown } = list.counts;
	const parts = [
		`${green} ${statusWords.green}`,
		...(red > 0 ? [`${red} ${red === 1 ? "needs" : "need"} re-apply`] : []),
		...(yellow > 0 ? [`${yellow} might need it`] : []),
		...(unknown > 0 ? [`${unknown} unknown`] : []),
	];
	await cli.output.note(parts.join(", "));
	return statuses;
}

function row({ unit_id, status, summary, reasons }: UnitStanding): string[] {
	const first = reasons[0];
	const pending = summary.incoming_pending;
	return [
		unit_id,
		statusWords[status],
		pending === 0 ? "" : String(pending),
		first === undefined ? "" : offender(status, first),
	];
}

/** What changed by its name; anything else in words. */
function offender(status: string, reason: UnitStanding["reasons"][number]): string {
	const { code, unit_id, output } = reason;
	if (status === "red" && unit_id !== undefined && output !== undefined) {
		return `${unit_id}/${output}`;
	}
	return code === "upstream_red" && unit_id !== undefined ? unit_id : reasonText(reason);
}

async function showOne(cli: Cli, unit: string): Promise<string> {
	const { graph } = await cli.client();
	const status = await graph.unitStatus(unit, { signal: cli.signal });
	if (cli.output.json) await cli.output.document(status);
	else await cli.output.text(await page(cli, status));
	if (!cli.output.json) await showEdges(cli, status);
	return status.status;
}

async function page(cli: Cli, { unit_id, status, reasons }: UnitStatusView): Promise<string> {
	const lines = [`${unit_id}: ${painted(cli.output, status, statusWords[status])}`];
	for (const reason of reasons) lines.push(`  ${reasonText(reason)}`);
	return `${lines.join("\n")}\n`;
}

async function showEdges(cli: Cli, { unit_id, incoming, outgoing, external }: UnitStatusView) {
	const paint = (shown: string, cell: string) =>
		cell === "ok" ? painted(cli.output, "green", shown) : shown;
	const columns = (first: string) => [
		{ title: first, keep: true },
		{ title: "STATUS", paint },
		{ title: "KNOWN BY" },
		{ title: "UPSTREAM WRITTEN" },
	];
	const cells = (name: string, edge: GraphEdgeView) => [
		name,
		edge.status,
		edge.sources.join(", "),
		edge.last_in_at ?? "",
	];
	if (incoming.length > 0) {
		await cli.output.text("\n");
		const rows = incoming.map((edge) => cells(`${edge.from_unit_id}/${edge.from_output}`, edge));
		await cli.output.table({ columns: columns("USES"), rows });
	}
	if (outgoing.length > 0) {
		await cli.output.text("\n");
		const rows = outgoing.map((edge) => cells(`${edge.to_unit_id} (${edge.from_output})`, edge));
		await cli.output.table({ columns: columns("USED BY"), rows });
	}
	const isStuck = incoming.some(
		({ status, sources }) => status === "pending" && !sources.includes("recorded"),
	);
	if (isStuck) {
		await cli.output.note(
			`An apply that changes nothing does not count; after a plan without changes: taco unit ack ${unit_id}`,
		);
	}
	if (external > 0) {
		await cli.output.note(
			`It also reads ${external} ${external === 1 ? "state" : "states"} outside of this server`,
		);
	}
}
