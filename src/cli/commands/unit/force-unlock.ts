import { command } from "../../command.ts";
import { unitArgument, unitOf } from "./unit-arguments.ts";

export default command({
	details:
		"The holder can no longer write with that lock. On a terminal it shows the holder and asks;\nwithout one it needs --yes. With a lock id only that lock is broken.",
	examples: ["taco unit who", "taco unit force-unlock myapp/prod"],
	args: {
		unit: unitArgument,
		"lock-id": { type: "positional", required: false, description: "Break only this lock" },
		yes: { type: "boolean", alias: "y", description: "Do not ask" },
	},
	async run(cli, args) {
		const id = unitOf(args.unit);
		let lockId = args["lock-id"];
		const client = await cli.client();
		if (args.yes !== true) {
			cli.requireInteractive("force-unlock", `taco unit force-unlock --yes ${id}`);
			const { lock } = await client.getUnit(id, { signal: cli.signal });
			if (lock !== undefined && (lockId ?? lock.id) === lock.id) {
				// What is broken is what was shown, not what somebody takes meanwhile.
				lockId = lock.id;
				await cli.confirm(
					`Break the lock of ${lock.who} on ${id} (since ${lock.since}, ${lock.surface}, ${lock.operation})?`,
				);
			}
		}
		const broken = await client.forceUnlock(id, lockId, { signal: cli.signal });
		await (await cli.locks()).remove(id, broken.lock?.id ?? lockId);
		const text =
			broken.lock === undefined
				? `Unit was not locked: ${id}`
				: `Unit unlocked: ${id} (was held by ${broken.lock.who}, lock ID: ${broken.lock.id})`;
		await cli.output.result(text, { id, ...broken });
	},
});
