/** The provider inside the test process, for a terraform that is told to attach to it. */
import { join } from "node:path";
import { grpcServer } from "../../src/provider/plugin/grpc.ts";
import { listen } from "../../src/provider/plugin/listen.ts";
import { pluginService } from "../../src/provider/plugin/run.ts";
import { opentacoProvider } from "../../src/provider/provider.ts";

export interface PluginHost extends AsyncDisposable {
	/** The variables by which terraform finds it: no init, no lock file. */
	readonly env: Readonly<Record<string, string>>;
}

/** `home` is where the provider looks for stored logins. */
export async function hostPlugin(
	home: string,
	env: Readonly<Record<string, string>> = {},
): Promise<PluginHost> {
	const provider = opentacoProvider({ HOME: home, XDG_CONFIG_HOME: join(home, "config"), ...env });
	const server = grpcServer(
		pluginService(
			async () => provider,
			() => {},
		),
		null,
	);
	const { network, address, remove } = await listen(server, process.platform);
	const attached = {
		Protocol: "grpc",
		ProtocolVersion: 6,
		Pid: process.pid,
		Test: true,
		Addr: { Network: network, String: address },
	};
	const sources = ["digger/opentaco", "opentaco/opentaco"];
	const addresses = ["registry.terraform.io", "registry.opentofu.org"].flatMap((host) =>
		sources.map((source) => [`${host}/${source}`, attached]),
	);
	return {
		env: { TF_REATTACH_PROVIDERS: JSON.stringify(Object.fromEntries(addresses)) },
		async [Symbol.asyncDispose]() {
			server.close();
			remove();
		},
	};
}
