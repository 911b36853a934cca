import type { UnitStatusView } from "../../../api/graph.ts";
import { command } from "../../command.ts";
import { painted, reasonText, statusWords } from "../../graph/words.ts";
import { unitArgument, unitOf } from "./unit-arguments.ts";

export default command({
	details:
		"An apply that changes nothing writes no state, so the server does not learn of it: the unit stays at needs re-apply when its edges are declared. Look at the plan, and when it has no changes say so with this. It needs unit.write, is in the audit trail, and is refused while the unit is locked. An edge of which the unit's own state holds a copy is up to date after the next apply, and not by this.",
	examples: ["terraform plan -detailed-exitcode && taco unit ack myapp/prod"],
	args: { unit: unitArgument },
	async run(cli, args) {
		const id = unitOf(args.unit);
		const { graph } = await cli.client();
		const before = await graph.unitStatus(id, { signal: cli.signal });
		const after = await graph.acknowledge(id, { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(after);
			return;
		}
		const lines = [
			`${id}: ${painted(cli.output, after.status, statusWords[after.status])}`,
			...after.reasons.map((reason) => `  ${reasonText(reason)}`),
		];
		await cli.output.text(`${lines.join("\n")}\n`);
		await cli.output.note(noteOf(before, after));
	},
});

/** What became of the edges that were pending before. */
function noteOf(before: UnitStatusView, after: UnitStatusView): string {
	const pending = (view: UnitStatusView) =>
		view.incoming.filter(({ status }) => status === "pending");
	const left = pending(after);
	const isLeft = new Set(left.map(({ edge_id }) => edge_id));
	const taken = pending(before).filter(({ edge_id }) => !isLeft.has(edge_id));
	const names = taken.map(({ from_unit_id, from_output }) => `${from_unit_id}#${from_output}`);
	const done = names.length === 0 ? "Nothing to acknowledge" : `Acknowledged: ${names.join(", ")}`;
	const isRecorded = left.some(({ sources }) => sources.includes("recorded"));
	return isRecorded ? `${done}. Its state holds older values: apply it` : done;
}
