import type { AssignmentView } from "../../../api/rbac.ts";
import { command } from "../../command.ts";

export default command({
	args: {},
	async run(cli) {
		const assignments = await (await cli.client()).rbac.assignments({ signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(assignments);
			return;
		}
		if (assignments.length === 0) {
			await cli.output.note("No roles are assigned");
			return;
		}
		await cli.output.table({
			columns: [
				{ title: "WHO", keep: true },
				{ title: "KIND" },
				{ title: "ROLE", keep: true },
				{ title: "UNITS" },
				{ title: "SINCE" },
				{ title: "BY" },
			],
			rows: assignments.map(row),
		});
	},
});

function row(assignment: AssignmentView): string[] {
	const { kind, subject, email, role_id, unit, created_at, created_by } = assignment;
	return [subject ?? email ?? "", kind, role_id, unit ?? "*", created_at, created_by];
}
