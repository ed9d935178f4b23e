import { library } from '../../scripts/toolchain/tsup.mjs';

export default library(['src/index.ts', 'src/cli.ts']);
