/**
 * `bun run bench`: figures of the built executable, as ratios to a bare server measured in the same
 * run, because machines differ and are noisy. `bun run bench operations listing` runs only those.
 */
import { benchGraph } from "./bench/graph.ts";
import { benchLargeState } from "./bench/large-state.ts";
import { benchListing } from "./bench/listing.ts";
import { benchOperations } from "./bench/operations.ts";
import { benchOutputs } from "./bench/outputs.ts";
import { benchProvider } from "./bench/provider.ts";
import { benchStartUp } from "./bench/start-up.ts";
import { benchTerraform } from "./bench/terraform-cycle.ts";
import { fail, run } from "./run-command.ts";

const benches: Readonly<Record<string, () => Promise<void>>> = {
	"start-up": benchStartUp,
	provider: benchProvider,
	operations: benchOperations,
	terraform: benchTerraform,
	"large-state": benchLargeState,
	outputs: benchOutputs,
	listing: benchListing,
	graph: benchGraph,
};

const wanted = process.argv.slice(2);
for (const name of wanted) {
	if (!Object.hasOwn(benches, name))
		fail(`no such benchmark; there are: ${Object.keys(benches).join(", ")}`);
}
if ((await run([process.execPath, "scripts/build.ts"])) !== 0)
	fail("the executable could not be built");
for (const [name, bench] of Object.entries(benches)) {
	if (wanted.length === 0 || wanted.includes(name)) await bench();
}
