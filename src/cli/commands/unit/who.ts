import type { LockView, UnitView } from "../../../api/units.ts";
import type { TacoClient } from "../../../client/client.ts";
import { isClientError } from "../../../client/errors.ts";
import { command } from "../../command.ts";

export default command({
	examples: ["taco unit who", "taco unit who myapp/ --json"],
	args: {
		prefix: { type: "positional", required: false, description: "Only ids that start with this" },
	},
	async run(cli, { prefix }) {
		const client = await cli.client();
		const listed = await client.listUnits({ prefix }, { signal: cli.signal });
		const units = prefix === undefined ? listed : await renewed(client, listed, prefix, cli.signal);
		const held = units.flatMap(({ id, lock }) => (lock === undefined ? [] : [{ unit: id, lock }]));
		if (cli.output.json) {
			await cli.output.document({ locks: held, count: held.length });
		} else if (held.length === 0) {
			await cli.output.note("No locks are held");
		} else {
			await cli.output.table({
				columns: [
					{ title: "UNIT", keep: true },
					{ title: "HOLDER" },
					{ title: "SINCE" },
					{ title: "SURFACE" },
					{ title: "OPERATION" },
					{ title: "LOCK-ID", keep: true },
				],
				rows: held.map(({ unit, lock }) => row(unit, lock)),
			});
		}
	},
});

/** Lists are seconds late with what another server did; who asks about one unit is told the present. */
async function renewed(
	client: TacoClient,
	listed: readonly UnitView[],
	id: string,
	signal: AbortSignal,
): Promise<readonly UnitView[]> {
	const others = listed.filter((unit) => unit.id !== id);
	try {
		return [await client.getUnit(id, { signal }), ...others];
	} catch (error) {
		if (!isClientError(error, "unit_not_found", "invalid_unit_id")) throw error;
		return others;
	}
}

function row(unit: string, lock: LockView): string[] {
	const holder = lock.who === "" ? lock.principal : lock.who;
	return [unit, holder, lock.since, lock.surface, lock.operation, lock.id];
}
