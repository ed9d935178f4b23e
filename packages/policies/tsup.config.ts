import { library } from '../../scripts/toolchain/tsup.mjs';

export default library(['src/index.ts', 'src/fetch.ts', 'src/undici.ts', 'src/chaos.ts']);
