import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import '../playground/sequence.css';
import BytesPlayground from './BytesPlayground.vue';
import LinkPlayground from './LinkPlayground.vue';
import './palette.css';
import './style.css';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('BytesPlayground', BytesPlayground);
    app.component('LinkPlayground', LinkPlayground);
  },
} satisfies Theme;
