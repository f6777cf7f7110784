// Plays the scenario that the command line names; exit code 1 where it fails.

import { Stage } from './stage.js';

const name = process.argv[2];
const stage = new Stage(name);
let code = 0;
try {
  await stage.raise();
  const { default: scenario } = await import(`./scenarios/${name}.js`);
  await scenario(stage);
  stage.check();
} catch (error) {
  code = 1;
  console.error(error.stack ?? error);
  for (const fault of stage.faults) console.error(`also: ${fault}`);
  await stage.failed();
}
await stage.lower();
process.exit(code);
