import type { AuditVerification } from "../../../api/audit.ts";
import { command } from "../../command.ts";
import { exitCodes } from "../../exit-codes.ts";
import { unitOf } from "../unit/unit-arguments.ts";

export default command({
	details:
		"Every log must be without gaps and linked by hashes, and must still hold the records that the\nservers noted as its newest. Exit code 1 when something is wrong.",
	examples: ["taco audit verify", "taco audit verify prod/app"],
	args: { unit: { type: "positional", required: false, description: "Only this unit's log" } },
	async run(cli, args) {
		const unit = args.unit === undefined ? undefined : unitOf(args.unit);
		const { audit } = await cli.client();
		const findings: AuditVerification["findings"] = [];
		const seen = { sources: 0, records: 0, anchors: 0 };
		let cursor: string | undefined;
		do {
			const step = await audit.verify({ unit, cursor }, { signal: cli.signal });
			seen.sources += step.sources;
			seen.records += step.records;
			seen.anchors += step.anchors;
			findings.push(...step.findings);
			cursor = step.next;
		} while (cursor !== undefined);
		if (cli.output.json) {
			await cli.output.document({ ...seen, findings, ok: findings.length === 0 });
		} else {
			for (const { source, generation, problem } of findings) {
				await cli.output.line(`${problem}: ${source}, record ${generation}`);
			}
			const all = `${seen.records} records in ${seen.sources} logs, ${seen.anchors} anchors`;
			if (findings.length === 0) await cli.output.line(`The trail is whole: ${all}`);
			else await cli.output.note(`Found ${findings.length} in ${all}`);
		}
		return findings.length === 0 ? exitCodes.ok : exitCodes.unexpected;
	},
});
