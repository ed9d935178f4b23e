import { library } from '../../scripts/toolchain/tsup.mjs';

export default library(['src/index.ts', 'src/pg.ts', 'src/redis.ts']);
