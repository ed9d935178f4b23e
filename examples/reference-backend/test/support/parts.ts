export { testWith } from '../../../../scripts/toolchain/test-with.js';
