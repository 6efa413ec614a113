import { referencePages } from '../.vitepress/reference.ts';

export default { paths: referencePages };
