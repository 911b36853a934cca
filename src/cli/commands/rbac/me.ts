import { command } from "../../command.ts";

export default command({
	args: {},
	async run(cli) {
		const me = await (await cli.client()).rbac.me({ signal: cli.signal });
		if (cli.output.json) {
			await cli.output.document(me);
			return;
		}
		const roles = me.roles.length === 0 ? "none" : me.roles.join(", ");
		await cli.output.line(`Subject: ${me.subject}`);
		if (me.email !== null) await cli.output.line(`E-mail:  ${me.email}`);
		await cli.output.line(`Roles:   ${roles}${me.is_admin ? " (administrator)" : ""}`);
		await cli.output.line(`RBAC:    ${me.rbac_enabled ? "enabled" : "not initialized"}`);
		if (me.message !== undefined) await cli.output.note(me.message);
	},
});
