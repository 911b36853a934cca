import { command } from "../command.ts";
import { paintWords, statusWords } from "../graph/words.ts";
import { unitOf } from "./unit/unit-arguments.ts";

export default command({
	details:
		"Lists the units that use an output and everything that depends on those, in the order in which to apply them.",
	examples: ["taco blast network/vpc", "taco blast 'network/vpc#subnet_ids'"],
	args: {
		subject: {
			type: "positional",
			required: true,
			description: "The unit's id, or an output of it as unit#output",
		},
	},
	async run(cli, { subject }) {
		const at = subject.indexOf("#");
		const unit = unitOf(at === -1 ? subject : subject.slice(0, at));
		const output = at === -1 ? undefined : subject.slice(at + 1);
		const { graph } = await cli.client();
		const blast = await graph.blast(unit, output, { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(blast);
			return;
		}
		if (blast.units.length === 0) {
			const isMissing = blast.output_exists === false;
			await cli.output.note(
				isMissing
					? `Nothing depends on it, and ${unit} has no output of this name`
					: "Nothing depends on it",
			);
			return;
		}
		await cli.output.table({
			columns: [
				{ title: "WAVE", right: true },
				{ title: "UNIT", keep: true },
				{ title: "USES" },
				{ title: "STATUS", keep: true, paint: paintWords(cli.output) },
			],
			rows: blast.units.map(({ wave, unit_id, outputs, status }) => [
				String(wave),
				unit_id,
				outputs.length === 0 ? "(through others)" : outputs.join(", "),
				statusWords[status],
			]),
		});
		const direct = blast.units.filter(({ outputs }) => outputs.length > 0).length;
		const rest = blast.units.length - direct;
		const units = (count: number) => `${count} ${count === 1 ? "unit" : "units"}`;
		const through = rest === 0 ? "" : `, ${units(rest)} more through others`;
		await cli.output.note(`${units(direct)} directly${through}`);
	},
});
