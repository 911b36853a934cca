import type { AuditEventView } from "../../../api/audit.ts";
import { command } from "../../command.ts";
import { usageError } from "../../errors.ts";
import { filterFlags, filterOf } from "./filter-flags.ts";

export default command({
	details:
		"The newest come first. It needs audit.read, on the unit with --unit and else on everything.",
	examples: [
		"taco audit ls",
		"taco audit ls --unit prod/app --since 7d",
		"taco audit ls --outcome denied --principal alice@example.com --json",
	],
	args: {
		...filterFlags,
		limit: { type: "string", valueHint: "COUNT", description: "At most so many; 100 by default" },
	},
	async run(cli, args) {
		const limit = args.limit ?? "100";
		if (!/^[1-9]\d{0,5}$/.test(limit)) throw usageError("--limit must be a whole number from 1");
		const filter = filterOf(args, Date.now());
		const { audit } = await cli.client();
		const events = await audit.list(filter, Number(limit), { signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document({ events, count: events.length });
		} else if (events.length === 0) {
			await cli.output.note("Nothing on record");
		} else {
			await cli.output.table({ columns: [...columns], rows: events.map(row) });
		}
	},
});

const columns = [
	{ title: "TIME", keep: true },
	{ title: "WHO" },
	{ title: "OPERATION", keep: true },
	{ title: "UNIT" },
	{ title: "OUTCOME" },
	{ title: "SURFACE" },
	{ title: "ADDRESS" },
	{ title: "DETAIL" },
] as const;

function row(event: AuditEventView): string[] {
	return [
		event.time,
		event.email ?? (event.principal === "" ? "?" : event.principal),
		event.operation,
		event.unit ?? "-",
		event.outcome,
		event.surface ?? "-",
		event.address ?? "-",
		event.detail ?? "",
	];
}
